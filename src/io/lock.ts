import { close, constants, fchmod, fstat, ftruncate, open, write, type BigIntStats } from 'node:fs';
import { lstat, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { requireAnchored } from './anchor.ts';
import { makeFolder } from './atomic.ts';
import { attributed } from './attribute.ts';
import { startProgram } from './children.ts';
import { toolEnvironment } from './environment.ts';
import { ifPresent } from './present.ts';
import { missingTool } from './tools.ts';
import { BLOCK_BYTES } from './space.ts';

/** Who holds a lock, as written into its file. */
export interface LockHolder {
  pid: number;
  /** ISO 8601, UTC. */
  since: string;
  /** What for, in words. */
  what: string;
}

export interface Lock {
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for another holder; 0 does not wait. */
  waitMs?: number;
  signal?: AbortSignal;
  /** Others may share it, but nobody takes it alone meanwhile. Such a holder leaves no name. */
  isShared?: boolean;
}

/**
 * Numbers, not handles: a FileHandle that nobody refers to is closed by the garbage collector, and the lock with it.
 */
const fd = {
  open: promisify(open),
  close: promisify(close),
  chmod: promisify(fchmod),
  truncate: promisify(ftruncate),
  write: promisify(write),
  stat: promisify<number, { bigint: true }, BigIntStats>(fstat),
};

const describe = (holder: LockHolder | undefined): string =>
  holder === undefined ? 'another process' : `${holder.what} (pid ${holder.pid}, since ${holder.since})`;

/** Who wrote the lock file last; undefined when nobody can be made out. */
export async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const parsed = JSON.parse(await readFile(path, 'utf8')) as Partial<LockHolder>;
    return typeof parsed.pid === 'number' && typeof parsed.since === 'string' && typeof parsed.what === 'string'
      ? (parsed as LockHolder)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes an exclusive lock on a file, made when missing and never removed.
 *
 * The kernel's flock(2), which Node.js does not offer: util-linux's `flock`
 * sets it on a descriptor of ours and ends. The lock belongs to the open file,
 * so it is held until this process closes it or ends, however it ends: there
 * are no stale locks to judge, and no helper that could die before us.
 *
 * @throws ReleasePlanError `locked`, naming the holder; `lock-refused` when the file is a link or no regular file;
 *   `interrupted`, `disk-full`, `io-failed`
 * @see flock(2): the lock is on the open file description, which a child shares; docs/adr/0002
 */
export async function takeLock(path: string, what: string, options: LockOptions = {}): Promise<Lock> {
  options.signal?.throwIfAborted();
  for (;;) {
    const number = await attributed(path, async () => await openLockFile(path), BLOCK_BYTES);
    try {
      await lockFile(number, path, options);
      // Whoever removed or replaced the file meanwhile has another one, which nobody has locked.
      if (await hasName(number, path)) {
        if (options.isShared !== true) await attributed(path, async () => await writeHolder(number, what), BLOCK_BYTES);
        return { release: async () => await fd.close(number) };
      }
    } catch (error) {
      await fd.close(number);
      throw error;
    }
    await fd.close(number);
  }
}

/**
 * Whether somebody holds a lock at this moment. Asks the kernel's list: trying
 * to take it, even for a moment, would turn away a run that starts meanwhile.
 *
 * @see proc(5), /proc/locks: `1: FLOCK  ADVISORY  WRITE <pid> <major>:<minor>:<inode> 0 EOF`
 */
export async function isHeld(path: string): Promise<boolean> {
  const [file, locks] = await Promise.all([ifPresent(stat(path)), ifPresent(readFile('/proc/locks', 'utf8'))]);
  return file !== undefined && locks !== undefined && new RegExp(`FLOCK .*:${file.ino} `).test(locks);
}

/** Exit code of flock when somebody else holds the lock. */
const CONFLICT = 75;

/** How long the open file of a process that was killed may stay open, on a busy machine. */
const DYING_MS = 5000;

/** A link would have us write into whatever file it leads to. */
const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Made here, not by flock: the umask must not decide who may wait for the lock, or hold it. */
async function openLockFile(path: string): Promise<number> {
  await makeFolder(dirname(path));
  const made = await createLockFile(path);
  if (made !== undefined) return made;
  const found = await lstat(path);
  if (!found.isFile()) throw refused(path, found.isSymbolicLink() ? 'a symbolic link' : 'no regular file');
  try {
    return await fd.open(path, FLAGS);
  } catch (error) {
    throw errnoOf(error) === 'ELOOP' ? refused(path, 'a symbolic link') : error;
  }
}

/** @returns undefined when something has the name */
async function createLockFile(path: string): Promise<number | undefined> {
  let made: number | undefined;
  try {
    made = await fd.open(path, FLAGS | constants.O_CREAT | constants.O_EXCL, 0o644);
    await fd.chmod(made, 0o644);
    await requireAnchored(path);
    return made;
  } catch (error) {
    if (made !== undefined) await fd.close(made);
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

const refused = (path: string, what: string): ReleasePlanError =>
  new ReleasePlanError('lock-refused', `the lock file ${path} is ${what}`);

async function lockFile(number: number, path: string, options: LockOptions): Promise<void> {
  const { waitMs = 0, signal, isShared = false } = options;
  let outcome = await flock(number, { waitMs, isShared, signal });
  // A run that was killed a moment ago, perhaps before it had written who it is: it is about to end.
  if (outcome === CONFLICT && mayBeDead(await readHolder(path)))
    outcome = await flock(number, { waitMs: Math.max(waitMs, DYING_MS), isShared, signal });
  if (outcome === 0) return;
  if (signal?.aborted === true) throw new ReleasePlanError('interrupted', `interrupted while waiting for ${path}`);
  if (outcome === CONFLICT)
    throw new ReleasePlanError('locked', `${path} is locked by ${describe(await readHolder(path))}`);
  throw new ReleasePlanError('io-failed', `the lock file ${path} could not be locked (flock ended with ${outcome})`, {
    hint: 'On a network file system, its server has to support locks.',
  });
}

/** The descriptor's number in the child. */
const IN_CHILD = 3;

/** Locks an open file; ends with flock's exit code, or the signal that ended it. */
async function flock(
  number: number,
  { waitMs, isShared, signal }: { waitMs: number; isShared: boolean; signal: AbortSignal | undefined },
): Promise<number | string> {
  const kind = isShared ? '--shared' : '--exclusive';
  const wait = waitMs > 0 ? ['--timeout', (waitMs / 1000).toFixed(3)] : ['--nonblock'];
  const child = startProgram('flock', [kind, ...wait, '--conflict-exit-code', String(CONFLICT), String(IN_CHILD)], {
    stdio: ['ignore', 'ignore', 'ignore', number],
    env: toolEnvironment(),
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    return await new Promise<number | string>((resolve, reject) => {
      child.once('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingTool('flock', error) : error));
      child.once('exit', (code, by) => resolve(code ?? by ?? 'no exit code'));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function hasName(number: number, path: string): Promise<boolean> {
  const [ours, named] = await Promise.all([
    fd.stat(number, { bigint: true }),
    ifPresent(lstat(path, { bigint: true })),
  ]);
  return named !== undefined && named.ino === ours.ino && named.dev === ours.dev;
}

async function writeHolder(number: number, what: string): Promise<void> {
  const holder: LockHolder = { pid: process.pid, since: new Date().toISOString(), what };
  const bytes = Buffer.from(`${JSON.stringify(holder)}\n`);
  await fd.truncate(number, 0);
  await fd.write(number, bytes, 0, bytes.length, 0);
}

function mayBeDead(holder: LockHolder | undefined): boolean {
  if (holder === undefined) return true;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ESRCH';
  }
}

/** Takes an exclusive lock that nobody holds or shares; undefined when somebody does. Leaves no name. */
export async function tryLock(path: string): Promise<Lock | undefined> {
  const number = await attributed(path, async () => await openLockFile(path), BLOCK_BYTES);
  const release = async (): Promise<void> => await fd.close(number);
  try {
    const outcome = await flock(number, { waitMs: 0, isShared: false, signal: undefined });
    if (outcome === 0) return { release };
  } catch (error) {
    await release();
    throw error;
  }
  await release();
  return undefined;
}

/** Runs `body` under a lock. */
export async function withLock<T>(
  path: string,
  what: string,
  options: LockOptions,
  body: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock(path, what, options);
  try {
    return await body();
  } finally {
    await lock.release();
  }
}
