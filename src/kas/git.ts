import { realpath } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { run } from '../io/process.ts';

/** What a work tree is at. */
export interface Head {
  /** Top folder of the repository, links resolved. */
  top: string;
  /** The commit, or what kas's patches were applied to. */
  commit: string;
  /** The tree that kas's patches led to; undefined without patches. */
  patchedTree?: string;
}

/** One entry of `git status`. */
export interface Change {
  /** Relative to the top folder of the repository. */
  path: string;
  kind: 'tracked' | 'untracked' | 'ignored';
}

/** Commits that kas makes of `patches:` have this author, and differ at each checkout with kas 3.1. */
const KAS_AUTHOR = 'kas@example.com';
/** More patches than anybody has on one repository. */
const MAX_PATCHES = 1000;

/**
 * Runs git in a folder and returns what it printed, or undefined when it refuses: no repository, no such commit. Only
 * objects and the work tree are looked at: nothing of what the repository configures is run.
 */
export async function git(folder: string, args: readonly string[]): Promise<string | undefined> {
  const safe = ['-c', 'core.fsmonitor=false', '-c', 'safe.bareRepository=explicit', '-c', 'core.quotePath=false'];
  const { exitCode, stdout } = await run('git', ['-C', folder, ...safe, ...args], {
    // The user's shell may stand in another repository; a status must not write the index of one that is read.
    env: { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, GIT_OPTIONAL_LOCKS: '0' },
    okCodes: [0, 1, 128],
  });
  return exitCode === 0 ? stdout : undefined;
}

/** The commit that a name stands for, or undefined when the repository does not have it. */
export const commitOf = async (folder: string, name: string): Promise<string | undefined> =>
  await git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);

/** What the work tree around a folder is at; undefined outside of any repository, or in one without a commit. */
export async function headOf(folder: string): Promise<Head | undefined> {
  const [top, commit] = [
    await git(folder, ['rev-parse', '--show-toplevel']),
    await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']),
  ];
  if (top === undefined || commit === undefined) return undefined;
  const log = await git(folder, ['log', '--first-parent', '--format=%H %ae', `-${MAX_PATCHES}`]);
  const base = log
    ?.split('\n')
    .find((line) => !line.endsWith(` ${KAS_AUTHOR}`))
    ?.split(' ', 1)[0];
  if (base === undefined || base === commit) return { top, commit };
  const patchedTree = await git(folder, ['rev-parse', 'HEAD^{tree}']);
  return patchedTree === undefined ? { top, commit } : { top, commit: base, patchedTree };
}

/** Whether the commit has anything in a folder: one that git ignores is in a repository, and in no commit of it. */
export const isCommitted = async (folder: string): Promise<boolean> =>
  ((await git(folder, ['ls-tree', '--name-only', 'HEAD', './'])) ?? '') !== '';

/**
 * What `git status` lists below some folders of a repository, ignored files included as git sums them up: a folder of
 * which everything is ignored is one entry that ends in a slash.
 *
 * @param folders absolute; all of the repository when empty
 */
export async function changesIn(top: string, folders: readonly string[] = []): Promise<Change[]> {
  const args = ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--ignored=traditional', '--no-renames'];
  const listed = (await git(top, [...args, '--', ...folders])) ?? '';
  return listed
    .split('\0')
    .filter((entry) => entry.length > 3)
    .map((entry) => {
      const kind = entry.startsWith('??') ? 'untracked' : entry.startsWith('!!') ? 'ignored' : 'tracked';
      return { path: entry.slice(3), kind };
    });
}

/** Whether a path is a folder or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}

/** A path with its links resolved, or as it is when nothing is there. */
export const resolved = async (path: string): Promise<string> => await realpath(path).catch(() => path);
