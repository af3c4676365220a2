/**
 * Servers of other projects for tests: installed once into .cache/peers/ from the registries, started on 127.0.0.1,
 * stopped with the test file, and by `timeout` if that fails. Where a registry is not reachable the tests are skipped.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../src/core/errors.ts';
import { withLock } from '../../../src/io/lock.ts';
import { sizeOf } from '../../../src/io/hash.ts';
import { run } from '../../../src/io/process.ts';

const CACHE = fileURLToPath(new URL('../../../.cache/peers/', import.meta.url));

/** No test file needs its server longer. */
const LIFE_SECONDS = 900;
const INSTALL_MS = 400_000;

/** A server that runs, or why there is none. */
export type Peer =
  | { url: string; dir: string; /** What it keeps. */ state: string; log: () => string; stop(): Promise<void> }
  | { skipped: string };

export interface PeerRecipe {
  name: string;
  /** Changes when what is installed does. */
  version: string;
  /** Installs into a folder; fails where a registry is not reachable. */
  install(dir: string): Promise<void>;
  /** The command line; `state` is an empty folder of this run. */
  command(where: { dir: string; state: string; port: number }): string[];
  env?: (where: { dir: string; state: string; port: number }) => Record<string, string>;
  /** A path that is answered, however, when the server is up. */
  probe: string;
  startMs: number;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** Installs the server if needed and starts it. Never throws: what keeps it from running is the reason to skip. */
export async function startPeer(recipe: PeerRecipe, state: string): Promise<Peer> {
  try {
    const dir = await installed(recipe);
    const port = await freePort();
    return await started(recipe, { dir, state, port });
  } catch (error) {
    return { skipped: `${recipe.name} cannot run here: ${messageOf(error).split('\n').slice(-1)[0]?.slice(0, 200)}` };
  }
}

async function installed(recipe: PeerRecipe): Promise<string> {
  const dir = join(CACHE, `${recipe.name}-${recipe.version}`);
  mkdirSync(CACHE, { recursive: true });
  await withLock(`${dir}.lock`, `install ${recipe.name}`, { waitMs: INSTALL_MS }, async () => {
    const ready = `${dir}.ready`;
    if ((await sizeOf(ready)) !== undefined) return;
    await rm(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    await recipe.install(dir);
    await writeFile(`${ready}.new`, '');
    await rename(`${ready}.new`, ready);
  });
  return dir;
}

/** A program of the installation, which takes minutes at most. */
export const installWith = async (command: string, args: string[], cwd: string): Promise<void> =>
  void (await run(command, args, { cwd, timeoutMs: INSTALL_MS, env: { ...process.env } }));

async function started(recipe: PeerRecipe, where: { dir: string; state: string; port: number }): Promise<Peer> {
  const logFile = join(where.state, 'server.log');
  const log = openSync(logFile, 'a');
  const child = spawn('timeout', ['-k', '5', String(LIFE_SECONDS), ...recipe.command(where)], {
    cwd: where.state,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...recipe.env?.(where) },
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', () => undefined);
  const stop = async (): Promise<void> => {
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await ended;
  };
  const url = `http://127.0.0.1:${where.port}`;
  const untilMs = Date.now() + recipe.startMs;
  while (Date.now() < untilMs && child.exitCode === null) {
    const answer = await fetch(`${url}${recipe.probe}`).catch(() => undefined);
    if (answer !== undefined)
      return { url, dir: where.dir, state: where.state, log: () => readFileSync(logFile, 'utf8'), stop };
    await sleep(200);
  }
  await stop();
  const last = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  throw new Error(`not up after ${recipe.startMs / 1000} s: ${last}`);
}

/** A port of 127.0.0.1 that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
