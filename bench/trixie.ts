/** Programs of Debian 13, run on a Debian that is older: unpacked from their packages, with their own libraries. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchSettings } from './bench.ts';

const SUITE = 'trixie';

/** The programs, and the libraries that they are linked with. */
const PACKAGES = [
  'erofs-utils',
  'e2fsprogs',
  'libc6',
  'libblkid1',
  'libcom-err2',
  'libdeflate0',
  'libext2fs2t64',
  'liblz4-1',
  'liblzma5',
  'libpcre2-8-0',
  'libselinux1',
  'libss2',
  'libuuid1',
  'libxxhash0',
  'libzstd1',
  'zlib1g',
] as const;

interface Package {
  path: string;
  sha256: string;
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

/** The wanted packages as the suite's index names them. */
function packagesIn(index: string): Map<string, Package> {
  const found = new Map<string, Package>();
  for (const stanza of index.split('\n\n')) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, path, sha256] = [field('Package'), field('Filename'), field('SHA256')];
    if (name !== undefined && path !== undefined && sha256 !== undefined && PACKAGES.some((one) => one === name))
      found.set(name, { path, sha256 });
  }
  return found;
}

async function unpack(root: string, settings: BenchSettings): Promise<void> {
  const site = archiveSite();
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  settings.note(`unpacking mkfs programs of Debian ${SUITE}`);
  const packed = await get(`${site}/dists/${SUITE}/main/binary-${architecture}/Packages.xz`);
  const index = execFileSync('xz', ['-dc'], { input: packed, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const packages = packagesIn(index);
  for (const name of PACKAGES) {
    const wanted = packages.get(name);
    if (wanted === undefined) throw new Error(`Debian ${SUITE} has no package ${name}`);
    const bytes = await get(`${site}/${wanted.path}`);
    if (createHash('sha256').update(bytes).digest('hex') !== wanted.sha256)
      throw new Error(`${wanted.path} is not what the index of Debian ${SUITE} names`);
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
  const root = join(settings.cacheDir, SUITE);
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
