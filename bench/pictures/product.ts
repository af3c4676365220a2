/** A product of five versions of this machine's own programs, with every update to the last: made by release-plan. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { squashfs } from '../../test/insight/images.ts';

export const VERSIONS = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0'] as const;
export const LAST = VERSIONS[VERSIONS.length - 1] ?? '';

export interface PictureProduct {
  dir: string;
  plan: string;
  /** Folder of the product in the archive. */
  archive: string;
  env: NodeJS.ProcessEnv;
}

/** As the small trees differ: some programs are built again, with new code in their middle. */
function nextTree(before: string, after: string, turn: number): void {
  cpSync(before, after, { recursive: true, preserveTimestamps: true });
  const files = readdirSync(after, { withFileTypes: true }).filter((one) => one.isFile());
  const names = files.map(({ name }) => name).sort();
  for (const [index, name] of names.entries()) {
    if (index % 29 !== turn) continue;
    const bytes = readFileSync(join(after, name));
    const third = Math.floor(bytes.length / 3);
    const added = newCode(bytes.length >> 4, 31 * index + turn);
    writeFileSync(join(after, name), Buffer.concat([bytes.subarray(0, third), added, bytes.subarray(third)]));
  }
}

/** Code that is in none of the programs: a part of Node.js itself. */
function newCode(lengthBytes: number, place: number): Buffer {
  const fd = openSync(process.execPath, 'r');
  try {
    const code = Buffer.alloc(lengthBytes);
    readSync(fd, code, 0, lengthBytes, (place * 65_536) % (fstatSync(fd).size - lengthBytes));
    return code;
  } finally {
    closeSync(fd);
  }
}

/**
 * @param trees the folders of the first two versions
 * @param releasePlan runs release-plan in the product's folder
 */
export function makeProduct(
  dir: string,
  trees: readonly [string, string],
  releasePlan: (args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => string,
): PictureProduct {
  const at = (name: string): string => join(dir, name);
  const archive = at('artifacts/board/image-prod');
  for (const folder of ['kas', 'keys']) mkdirSync(at(folder), { recursive: true });
  let tree: string = trees[0];
  for (const [index, version] of VERSIONS.entries()) {
    const next = index < 2 ? (trees[index] ?? tree) : at(`tree-${version}`);
    if (index >= 2) nextTree(tree, next, index);
    tree = next;
    mkdirSync(join(tree, 'etc'), { recursive: true });
    writeFileSync(join(tree, 'etc/buildinfo'), `BUILD_VERSION = ${version}\n`);
    mkdirSync(join(archive, version), { recursive: true });
    const make = squashfs('-noI', '-noD', '-noF', '-noX', '-all-time', '1700000000');
    make(tree, join(archive, version, 'image-prod-board.squashfs'));
  }
  writeFileSync(at('kas/board_prod_image-prod.yml'), 'header: { version: 14 }\n');
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at('keys/swu.pem'));
  const subject = ['-subj', '/CN=pictures', '-days', '3650', '-addext', 'keyUsage=digitalSignature'];
  const usage = ['-addext', 'extendedKeyUsage=emailProtection', '-out', at('keys/swu.cert.pem')];
  openssl('req', '-x509', '-new', '-key', at('keys/swu.pem'), ...subject, ...usage);
  const env = { ...process.env, SWU_KEY: at('keys/swu.pem') };
  const run = (...args: string[]): string => releasePlan(args, { cwd: dir, env });
  run('init', '.', '--adopt', 'artifacts', '--distro', 'prod', '--product', 'gateway');
  const plan = at('plan.yml');
  const read = parse(readFileSync(plan, 'utf8')) as Record<string, unknown>;
  const deltas = [{ to: LAST, from: VERSIONS.slice(0, -1), engine: 'rdiff' }];
  writeFileSync(plan, stringify({ ...read, deltas, verify_days: VERIFY_DAYS }));
  run('verify', 'plan.yml', '--sign-manifests');
  run('apply', 'plan.yml');
  return { dir, plan, archive, env };
}

export const VERIFY_DAYS = 10;
