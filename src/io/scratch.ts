/** Folders for intermediate files outside of the archive, and what becomes of them when a run is killed. */
import { constants } from 'node:fs';
import { access, lstat, mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DISK_FULL_WORDS, attributed, diskFull } from './attribute.ts';
import { BLOCK_BYTES, freeBytes, requireSpace } from './space.ts';

/**
 * How every such folder's name begins; then what for, the process, six random characters. A process is its pid, the
 * pid's namespace and when it began, the latter two to base 36: pids come round again within minutes on a busy host.
 */
export const SCRATCH_PREFIX = 'release-plan-scratch-';

/** There on every Linux, and short. */
const SHORT = '/tmp';

/** A tmpfs on Linux: what lies there reaches no disk, but for swap. */
const MEMORY = '/dev/shm';

/** A sw-description with its signature, a few keys, a manifest: what a proof of a package writes beside the package. */
export const FEW_FILES_BYTES = 64 * 1024;

/** What can be done where the folder for intermediate files is too small. */
const ANOTHER = ', or set TMPDIR to a folder with more room';
const alternativeTo = (parent: string): string => (parent === tmpdir() ? ANOTHER : '');
const hintFor = (parent: string, bytes: number): string =>
  `Free ${bytes} bytes${alternativeTo(parent)}, then run the same command again.`;

/**
 * Runs `body` with an empty folder of mode 0700, and removes it afterwards.
 *
 * Whether there is room is looked at first. A program that runs out of it
 * halfway may say that its input is bad, and would be believed.
 *
 * @param what for, in the folder's name: letters alone
 * @param needBytes what is going to be stored there, at the most; or how that is found out, given the folder
 * @param parent TMPDIR unless given
 * @throws ReleasePlanError `disk-full` with the folder and the bytes, and what `body` throws
 */
export async function withScratch<T>(
  what: string,
  needBytes: number | ((folder: string) => Promise<number>),
  body: (folder: string) => Promise<T>,
  parent = tmpdir(),
): Promise<T> {
  const name = `${SCRATCH_PREFIX}${what}-${await processName()}-`;
  const folder = await attributed(parent, async () => await mkdtemp(join(parent, name)), BLOCK_BYTES, {
    within: parent,
    hint: hintFor(parent, BLOCK_BYTES),
  });
  try {
    const bytes = BLOCK_BYTES + (typeof needBytes === 'number' ? needBytes : await needBytes(folder));
    await requireSpace(parent, bytes, alternativeTo(parent));
    const hint = hintFor(parent, bytes);
    return await attributed(parent, async () => await body(folder), bytes, { within: folder, hint });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the system, and of swupdate, which looks before it stores a payload. */
const FULL = new RegExp(`${DISK_FULL_WORDS}|Not enough free space to extract`);

/**
 * To be asked before a program's bad verdict is believed: one whose disk was full halfway takes its input for bad.
 *
 * @param folder where it wrote, made by {@link withScratch} with `needBytes`
 * @param said what it said
 * @throws ReleasePlanError `disk-full` with the folder and the bytes
 */
export async function requireNotFull(folder: string, needBytes: number, said: string): Promise<void> {
  const parent = dirname(folder);
  if (!FULL.test(said) && (await freeBytes(folder)) >= BLOCK_BYTES) return;
  throw diskFull(parent, needBytes, DISK_FULL_WORDS, hintFor(parent, needBytes));
}

/** The longest TMPDIR that leaves room for our folder's name, one in it and a socket's in the 107 bytes of its path. */
const LONGEST_FOR_SOCKETS = 28;

/**
 * As {@link withScratch}, for a program that makes sockets there.
 *
 * @see unix(7): sun_path has 108 bytes
 */
export async function withSocketScratch<T>(
  what: string,
  needBytes: number,
  body: (folder: string) => Promise<T>,
): Promise<T> {
  return await withScratch(what, needBytes, body, tmpdir().length > LONGEST_FOR_SOCKETS ? SHORT : tmpdir());
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
      const [, pid, from, began] = /^release-plan-scratch-[a-z]+-(\d+)\.([0-9a-z]+)\.([0-9a-z]+)-/.exec(name) ?? [];
      if (pid === undefined || from !== namespace || (await startOf(pid)) === began) continue;
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
    FEW_FILES_BYTES,
    body,
    await access(MEMORY, constants.W_OK).then(
      () => MEMORY,
      () => tmpdir(),
    ),
  );
}

/** What a folder's name says of this process. */
export const processName = async (): Promise<string> =>
  `${process.pid}.${await pidNamespace()}.${(await startOf('self')) ?? '0'}`;

/** The number of the namespace that this process's pid belongs to; 0 where the system has none. */
async function pidNamespace(): Promise<string> {
  const number = /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0] ?? '0';
  return Number(number).toString(36);
}

/** When a process began, in ticks since the machine did; undefined for one that is no more. @see proc(5), stat, 22 */
async function startOf(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is a name in parentheses that may hold anything.
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : Number(ticks).toString(36);
}
