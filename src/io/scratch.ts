/** Folders for intermediate files outside of the archive, and what becomes of them when a run is killed. */
import { constants } from 'node:fs';
import { access, lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import { attributed } from './attribute.ts';
import { BLOCK_BYTES } from './space.ts';

/** How every such folder's name begins; then what for, pid, the pid's namespace, six random characters. */
export const SCRATCH_PREFIX = 'release-plan-scratch-';

/** There on every Linux, and short. */
const SHORT = '/tmp';

/** A tmpfs on Linux: what lies there reaches no disk, but for swap. */
const MEMORY = '/dev/shm';

/**
 * Runs `body` with an empty folder of mode 0700, and removes it afterwards.
 *
 * @param what for, in the folder's name: letters alone
 * @param parent TMPDIR unless given
 */
export async function withScratch<T>(
  what: string,
  body: (folder: string) => Promise<T>,
  parent = tmpdir(),
): Promise<T> {
  const name = `${SCRATCH_PREFIX}${what}-${process.pid}.${await pidNamespace()}-`;
  const folder = await attributed(parent, async () => await mkdtemp(join(parent, name)), BLOCK_BYTES);
  try {
    return await attributed(folder, async () => await body(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The longest TMPDIR that leaves room for our folder's name and a socket's in the 107 bytes of a socket's path. */
const LONGEST_FOR_SOCKETS = 40;

/**
 * As {@link withScratch}, for a program that makes sockets there.
 *
 * @see unix(7): sun_path has 108 bytes
 */
export async function withSocketScratch<T>(what: string, body: (folder: string) => Promise<T>): Promise<T> {
  return await withScratch(what, body, tmpdir().length > LONGEST_FOR_SOCKETS ? SHORT : tmpdir());
}

/**
 * Removes the folders of runs that were killed: of this user, by a process
 * that is no more. A pid says nothing about a process in another container
 * that shares the folder, so what comes from another namespace is left alone.
 *
 * @returns what was removed
 */
export async function cleanScratch(parents: readonly string[] = [tmpdir(), SHORT, MEMORY]): Promise<string[]> {
  const namespace = await pidNamespace();
  const removed: string[] = [];
  for (const parent of new Set(parents)) {
    for (const name of await readdir(parent).catch(() => [])) {
      const [, pid, from] = /^release-plan-scratch-[a-z]+-(\d+)\.(\d+)-/.exec(name) ?? [];
      if (pid === undefined || from !== namespace || isAlive(Number(pid))) continue;
      const path = join(parent, name);
      if ((await lstat(path).catch(() => undefined))?.uid !== process.getuid?.()) continue;
      await rm(path, { recursive: true, force: true });
      removed.push(path);
    }
  }
  return removed;
}

/** As {@link withScratch}, for what is secret: in memory, where there is a folder for that. */
export async function withPrivateScratch<T>(what: string, body: (folder: string) => Promise<T>): Promise<T> {
  return await withScratch(
    what,
    body,
    await access(MEMORY, constants.W_OK).then(
      () => MEMORY,
      () => tmpdir(),
    ),
  );
}

/** The number of the namespace that this process's pid belongs to; 0 where the system has none. */
async function pidNamespace(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0] ?? '0';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}
