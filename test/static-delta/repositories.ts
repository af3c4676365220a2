/** Repositories with what static deltas have to carry: links, modes, attributes, large and small files. */
import { mkdirSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../src/io/process.ts';
import type { CommitPair } from '../../src/static-delta/names.ts';
import { noise, ostree } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';

/** A file of a tree that is to be committed. */
export type Entry = { content: Buffer | string; mode?: number; xattrs?: Record<string, string> } | { link: string };

/** A new archive repository without fsync. */
export async function newRepository(name: string): Promise<string> {
  const path = join(scratch(name), 'repo');
  mkdirSync(path);
  await ostree(path, 'init', '--mode=archive');
  await ostree(path, 'config', 'set', 'core.fsync', 'false');
  return path;
}

/** Commits a tree as it is, with owners of root and its extended attributes of `user.`. */
export async function commitTree(repo: string, entries: Record<string, Entry>, flags: string[] = []): Promise<string> {
  const root = scratch('tree');
  for (const [path, entry] of Object.entries(entries)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if ('link' in entry) {
      symlinkSync(entry.link, file);
      continue;
    }
    writeFileSync(file, entry.content);
    for (const [name, value] of Object.entries(entry.xattrs ?? {})) {
      await run('setfattr', ['-n', name, '-v', value, file]);
    }
    chmodSync(file, entry.mode ?? 0o644);
  }
  const owner = ['--owner-uid=0', '--owner-gid=0', '--timestamp=2026-07-01T00:00:00Z'];
  return (await ostree(repo, 'commit', '--branch=test/branch', `--tree=dir=${root}`, ...owner, ...flags)).trim();
}

/** The first version of a tree with a bit of everything. */
export const firstTree = (): Record<string, Entry> => ({
  'usr/bin/app': { content: Buffer.concat([noise('app', 200_000), noise('end', 50_000)]), mode: 0o755 },
  'usr/bin/secret': { content: noise('secret', 3000), mode: 0o700 },
  'usr/lib/libfoo.so.1.2.3': { content: noise('libfoo', 90_000) },
  'usr/lib/libfoo.so.1': { link: 'libfoo.so.1.2.3' },
  'etc/os-release': { content: 'VERSION_ID=1\n' },
  'etc/empty': { content: '' },
  'etc/same': { content: 'the same in both\n' },
});

/** The second: files changed, renamed, added, emptied; a mode, an attribute and a link altered. */
export const secondTree = (): Record<string, Entry> => ({
  'usr/bin/app': {
    content: Buffer.concat([noise('app', 120_000), noise('new code', 3000), noise('app', 200_000).subarray(120_000)]),
    mode: 0o755,
  },
  'usr/bin/secret': { content: Buffer.concat([noise('secret', 3000), Buffer.from('more')]), mode: 0o700 },
  'usr/lib/libfoo.so.1.2.4': { content: Buffer.concat([noise('libfoo', 90_000), noise('foo', 100)]) },
  'usr/lib/libfoo.so.1': { link: 'libfoo.so.1.2.4' },
  'etc/os-release': { content: 'VERSION_ID=2\n', xattrs: { 'user.note': 'two' } },
  'etc/empty': { content: '', mode: 0o600 },
  'etc/same': { content: 'the same in both\n' },
  'var/big': { content: noise('big', 5_000_000) },
});

/** Both trees committed. */
export async function twoCommits(name: string): Promise<{ repo: string; pair: CommitPair }> {
  const repo = await newRepository(name);
  return { repo, pair: { from: await commitTree(repo, firstTree()), to: await commitTree(repo, secondTree()) } };
}

/** Makes a delta with ostree itself. */
export const generateWithOstree = async (repo: string, { from, to }: CommitPair, ...flags: string[]): Promise<string> =>
  await ostree(
    repo,
    'static-delta',
    'generate',
    ...(from === '' ? ['--empty'] : [`--from=${from}`]),
    `--to=${to}`,
    ...flags,
  );
