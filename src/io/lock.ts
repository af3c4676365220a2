import { spawn } from 'node:child_process';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { makeFolder } from './atomic.ts';
import { attributed } from './attribute.ts';
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
 * The kernel's flock(2), through util-linux's `flock`, which Node.js does not
 * offer: it is freed when its holder dies, however it dies, so there are no
 * stale locks to judge. The child holds it for as long as its standard input,
 * a pipe from this process, stays open.
 *
 * @param waitMs how long to wait for another holder; 0 does not wait
 * @throws ReleasePlanError `locked`, naming the holder
 */
export async function takeLock(
  path: string,
  what: string,
  options: { waitMs?: number; signal?: AbortSignal } = {},
): Promise<Lock> {
  const { waitMs = 0, signal } = options;
  signal?.throwIfAborted();
  await attributed(path, async () => await makeLockFile(path), BLOCK_BYTES);
  let { child, ended, outcome } = await askFor(path, waitMs, signal);
  // A run that was killed a moment ago, perhaps before it had written who it is: its flock is about to notice.
  if (outcome === CONFLICT && mayBeDead(await readHolder(path)))
    ({ child, ended, outcome } = await askFor(path, Math.max(waitMs, DYING_MS), signal));
  if (outcome !== 'held') {
    if (signal?.aborted) throw new ReleasePlanError('interrupted', `interrupted while waiting for the lock ${path}`);
    if (outcome !== CONFLICT)
      throw new ReleasePlanError('io-failed', `the lock file ${path} could not be opened`, {
        hint: 'Check the permissions of its folder.',
      });
    throw new ReleasePlanError('locked', `${path} is held by ${describe(await readHolder(path))}`);
  }
  // A lock that is held keeps no process alive that has nothing else to do.
  child.unref();
  child.stdout.destroy();
  (child.stdin as Socket).unref();
  const release = async (): Promise<void> => {
    child.ref();
    child.stdin.end();
    await ended;
  };
  const holder: LockHolder = { pid: process.pid, since: new Date().toISOString(), what };
  try {
    await attributed(path, async () => await writeFile(path, `${JSON.stringify(holder)}\n`), BLOCK_BYTES);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
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

/** How long the flock of a process that was killed may take to end, on a busy machine. */
const DYING_MS = 5000;

/** Made here, not by flock: the umask must not decide who may wait for the lock, or hold it. */
async function makeLockFile(path: string): Promise<void> {
  await makeFolder(dirname(path));
  try {
    const handle = await open(path, 'wx');
    await handle.chmod(0o644).finally(async () => await handle.close());
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Starts flock, and waits until it holds the lock or has ended. */
async function askFor(path: string, waitMs: number, signal: AbortSignal | undefined) {
  const wait = waitMs > 0 ? ['--timeout', (waitMs / 1000).toFixed(3)] : ['--nonblock'];
  // A session of its own: Ctrl-C in the terminal must not free the lock while the step that it guards still ends.
  const child = spawn(
    'flock',
    [
      ...wait,
      '--conflict-exit-code',
      String(CONFLICT),
      '--no-fork',
      path,
      'sh',
      '-c',
      'echo held; exec cat >/dev/null',
    ],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    },
  );
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingTool('flock', error) : error));
    child.once('exit', resolve);
  });
  const held = new Promise<'held'>((resolve) => child.stdout.once('data', () => resolve('held')));
  const outcome = await Promise.race([held, ended]).finally(() => signal?.removeEventListener('abort', stop));
  return { child, ended, outcome };
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

/** Runs `body` under a lock. */
export async function withLock<T>(
  path: string,
  what: string,
  options: { waitMs?: number; signal?: AbortSignal },
  body: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock(path, what, options);
  try {
    return await body();
  } finally {
    await lock.release();
  }
}
