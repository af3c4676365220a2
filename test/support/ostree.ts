import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../../src/io/process.ts';
import { scratch } from './scratch.ts';

/** Bytes that do not compress, the same for the same name. */
export function noise(name: string, sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0, at = 0; size < sizeBytes; size += 64, at += 1)
    parts.push(createHash('sha512').update(`${name}/${at}`).digest());
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

/** Runs the real ostree and gives back its stdout. */
export const ostree = async (repo: string, ...args: string[]): Promise<string> =>
  (await run('ostree', [`--repo=${repo}`, ...args])).stdout;

/** A new archive repository. */
export async function archiveRepository(name: string): Promise<string> {
  const path = join(scratch(name), 'repo');
  mkdirSync(path);
  await ostree(path, 'init', '--mode=archive');
  // Thousands of small files synced one by one would be most of a test's time.
  await ostree(path, 'config', 'set', 'core.fsync', 'false');
  return path;
}

/** The files of a tree; a path without folder lies in usr/. */
export type Tree = Record<string, string | Buffer>;

/** A small root file system of one version: mostly the same from version to version. */
export const treeOf = (product: string, version: number, sizeBytes = 200_000): Tree => ({
  'os-release': `ID=${product}\nVERSION_ID=${version}\n`,
  'bin/app': Buffer.concat([
    noise(`${product} app`, sizeBytes),
    noise(`${product} ${version}`, 3000),
    noise(`${product} end`, sizeBytes / 4),
  ]),
  'lib/old': noise(`${product} old`, sizeBytes),
  [`share/only-in-${version}`]: noise(`${product} only ${version}`, 500),
});

/** Commits a tree and gives back the commit. */
export async function commit(repo: string, branch: string, tree: Tree, second = 0): Promise<string> {
  const root = scratch('tree');
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(join(root, 'usr', path, '..'), { recursive: true });
    writeFileSync(join(root, 'usr', path), content);
  }
  const time = new Date(Date.UTC(2026, 6, 1, 0, 0, second)).toISOString();
  return (
    await ostree(
      repo,
      'commit',
      `--branch=${branch}`,
      `--tree=dir=${root}`,
      '--owner-uid=0',
      '--owner-gid=0',
      '--no-xattrs',
      `--timestamp=${time}`,
    )
  ).trim();
}

/** A client's repository that holds these commits and nothing else. */
export async function clientWith(repo: string, ...commits: string[]): Promise<string> {
  const path = join(scratch('client'), 'repo');
  mkdirSync(path);
  await ostree(path, 'init', '--mode=bare-user-only');
  await ostree(path, 'config', 'set', 'core.fsync', 'false');
  for (const one of commits) await ostree(path, 'pull-local', repo, one);
  return path;
}

/** Another client in the state of this one. */
export function copyOf(client: string): string {
  const path = join(scratch('client'), 'repo');
  cpSync(client, path, { recursive: true });
  return path;
}
