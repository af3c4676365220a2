/** Programs of Debian 13, run on a Debian that is older: unpacked from their packages, with their own libraries. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchSettings } from './bench.ts';

const SUITE = 'trixie';

/** Packages with the programs; what they depend on comes along. */
const WANTED = ['erofs-utils', 'e2fsprogs', 'ostree'] as const;

interface Package {
  path: string;
  sha256: string;
  depends: string[];
}

/** This machine's own Debian archive: no host is named here. */
function archiveSite(): string {
  const lines = execFileSync('apt-get', ['indextargets', '--format', '$(CREATED_BY) $(ORIGIN) $(COMPONENT) $(SITE)'], {
    encoding: 'utf8',
  }).split('\n');
  const site = lines.map((line) => /^Packages Debian main (\S+)$/.exec(line)?.[1]).find((found) => found !== undefined);
  if (site === undefined) throw new Error('apt knows no Debian archive: run `apt-get update`');
  return site;
}

async function get(url: string): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** The wanted packages and all that they depend on, as the suite's index names them. */
function packagesIn(index: string): Map<string, Package> {
  const known = new Map<string, Package>();
  for (const stanza of index.split('\n\n')) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, path, sha256] = [field('Package'), field('Filename'), field('SHA256')];
    if (name === undefined || path === undefined || sha256 === undefined) continue;
    const depends = [field('Pre-Depends'), field('Depends')].flatMap((list) => list?.split(',') ?? []);
    // Of alternatives the first; no program here runs a script of a package.
    known.set(name, { path, sha256, depends: depends.map((one) => /^\s*([^\s:(|]+)/.exec(one)?.[1] ?? '') });
  }
  const found = new Map<string, Package>();
  const queue: string[] = [...WANTED];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const one = known.get(name);
    if (one === undefined && WANTED.some((wanted) => wanted === name))
      throw new Error(`Debian ${SUITE} has no package ${name}`);
    if (one === undefined || found.has(name)) continue;
    found.set(name, one);
    queue.push(...one.depends);
  }
  return found;
}

async function unpack(root: string, settings: BenchSettings): Promise<void> {
  const site = archiveSite();
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  settings.note(`unpacking programs of Debian ${SUITE}`);
  const packed = await get(`${site}/dists/${SUITE}/main/binary-${architecture}/Packages.xz`);
  const index = execFileSync('xz', ['-dc'], { input: packed, encoding: 'utf8', maxBuffer: 2 ** 28 });
  for (const { path, sha256 } of packagesIn(index).values()) {
    const bytes = await get(`${site}/${path}`);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new Error(`${path} is not what the index of Debian ${SUITE} names`);
    const file = join(root, 'package.deb');
    writeFileSync(file, bytes);
    execFileSync('dpkg-deb', ['--extract', file, root]);
    rmSync(file);
  }
}

/** Runs a program of Debian 13 by its own loader: its C library is newer than that of this machine. */
export type TrixieCommand = (program: string) => string[];

/**
 * Makes the programs ready, once.
 *
 * @returns what turns a path in the package, such as `usr/bin/mkfs.erofs`, into the start of a command line
 */
export async function trixie(settings: BenchSettings): Promise<TrixieCommand> {
  const root = join(settings.cacheDir, `${SUITE}-${WANTED.join('-')}`);
  if (!existsSync(root)) {
    const staging = `${root}.part`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    await unpack(staging, settings);
    renameSync(staging, root);
  }
  const libraries = join(root, 'usr/lib', only(join(root, 'usr/lib'), /-linux-gnu\w*$/));
  const loader = join(libraries, only(libraries, /^ld-linux.*\.so\.\d$/));
  return (program) => [loader, '--library-path', libraries, join(root, program)];
}

function only(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((one) => pattern.test(one));
  if (name === undefined) throw new Error(`${folder} has nothing like ${pattern}`);
  return name;
}
