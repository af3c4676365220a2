import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleasePlanError } from '../core/errors.ts';
import { attributed } from '../io/attribute.ts';
import { takeLock, type Lock } from '../io/lock.ts';
import { ifPresent } from '../io/present.ts';
import { ANY_EXIT_CODE, run } from '../io/process.ts';
import { BLOCK_BYTES } from '../io/space.ts';
import type { KasSettings } from '../core/plan.ts';
import { chainOf } from './chain.ts';
import { buildDirOf, kasEnvironment } from './environment.ts';
import { isIdle } from './idle-server.ts';
import { bitbakeServerOf, type ProcessInfo } from './processes.ts';

/** A build directory that is ours: whoever has one may build in it. */
export interface BuildDirectory {
  path: string;
  /** Where release-plan keeps what it knows of builds in it. */
  notes: string;
  /** Asks a BitBake server that has nothing to do to end. */
  endIdleServer?: () => Promise<void>;
}

export interface BuildDirectoryOptions {
  env: NodeJS.ProcessEnv;
  /** What for, for those who wait: `build 0.2.0`. */
  what: string;
  /** How long to wait for others that build here; 0 leaves at once. */
  waitMs?: number;
  signal?: AbortSignal;
}

/** A server outlives a normal end by up to 3 s (BitBake 2.8). */
const LINGER_MS = 10_000;
/** A server that ends by itself is left to do so (BitBake 2.8: up to 3 s). */
const OWN_END_MS = 4000;
const END_SERVER_MS = 60_000;
const POLL_MS = 200;
const HELD = 75;

/** Where release-plan keeps what it knows of builds in a build directory. */
export const notesOf = (kas: KasSettings, env: NodeJS.ProcessEnv): string =>
  join(buildDirOf(kas, env), '.release-plan');

/**
 * Runs `body` with the build directory locked. kas takes no lock of its own:
 * of two builds started together both exit 0 and one was never made. Hold it
 * until the images are archived: the next build removes them.
 *
 * @throws ReleasePlanError `build-dir-busy`, naming the holder
 */
export async function withBuildDirectory<T>(
  kas: KasSettings,
  options: BuildDirectoryOptions,
  body: (directory: BuildDirectory) => Promise<T>,
): Promise<T> {
  const path = buildDirOf(kas, options.env);
  const notes = notesOf(kas, options.env);
  await attributed(notes, async () => await mkdir(notes, { recursive: true }), BLOCK_BYTES);
  const lock = await lockOf(join(notes, 'lock'), options);
  try {
    const directory = { path, notes, endIdleServer: async () => await endServer(kas, options) };
    await waitForBitbake(directory, { ...options, waitMs: Math.max(options.waitMs ?? 0, LINGER_MS) });
    return await body(directory);
  } finally {
    await lock.release();
  }
}

async function lockOf(path: string, { what, waitMs = 0, signal }: BuildDirectoryOptions): Promise<Lock> {
  try {
    return await takeLock(path, what, { waitMs, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'locked')
      throw new ReleasePlanError('build-dir-busy', error.message, { cause: error });
    throw error;
  }
}

/**
 * Waits until no BitBake server holds bitbake.lock: before a build, and before
 * its results are read. A server that has nothing to do and stays is asked to end.
 *
 * @param options waitMs: 10 s by default, which is enough for a server that ends by itself
 * @throws ReleasePlanError `build-dir-busy` when one still does after waitMs, `interrupted`
 */
export async function waitForBitbake(
  directory: BuildDirectory,
  { waitMs = LINGER_MS, signal }: { waitMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const lock = join(directory.path, 'bitbake.lock');
  const until = performance.now() + waitMs;
  const since = performance.now();
  let isAsked = false;
  while (await isHeld(lock)) {
    signal?.throwIfAborted();
    const server = await bitbakeServerOf(directory.path);
    const doesNothing = server !== undefined && (await isIdle(server));
    if (doesNothing && !isAsked && performance.now() - since > Math.min(OWN_END_MS, waitMs)) {
      isAsked = true;
      await directory.endIdleServer?.();
    } else if (performance.now() > until) throw heldBy(lock, server, doesNothing);
    await sleep(POLL_MS);
  }
}

function heldBy(lock: string, server: ProcessInfo | undefined, doesNothing: boolean): ReleasePlanError {
  if (server === undefined) return new ReleasePlanError('build-dir-busy', `${lock} is locked by a BitBake server`);
  const what = doesNothing ? 'which has nothing to do and did not end at `bitbake -m`' : 'which is building';
  return new ReleasePlanError('build-dir-busy', `${lock} is locked by BitBake server, pid ${server.pid}, ${what}`);
}

/** `bitbake -m` in the environment that kas sets up; nothing is checked out or written for it. */
async function endServer(kas: KasSettings, { env, signal }: BuildDirectoryOptions): Promise<void> {
  const { argument } = await chainOf({ config: kas.config, workDir: kas.workDir });
  await run(kas.command, ['shell', '--keep-config-unchanged', argument, '-c', 'bitbake -m'], {
    cwd: kas.workDir,
    env: kasEnvironment(kas, env),
    timeoutMs: END_SERVER_MS,
    // What kas thinks of it does not matter: the lock tells.
    okCodes: ANY_EXIT_CODE,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** BitBake holds it by flock(2); the file stays when the server has gone. */
async function isHeld(lock: string): Promise<boolean> {
  if ((await ifPresent(stat(lock))) === undefined) return false;
  const { exitCode } = await run('flock', ['--nonblock', '--conflict-exit-code', String(HELD), lock, 'true'], {
    okCodes: [0, HELD],
  });
  return exitCode === HELD;
}
