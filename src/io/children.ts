/**
 * Whatever release-plan starts ends with it: a program that is stopped, or that
 * has ended, leaves nothing of its own behind, and none outlives release-plan.
 *
 * Each gets a session of its own, which makes it a process group: one signal
 * reaches all that it started. swupdate forks; a shell script waits for others.
 * Only one that is to ask a person stays in ours, since /dev/tty belongs to it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** How long a program may take to end in order. */
const KILL_AFTER_MS = 2000;
/** What left the group may hold the pipes open for ever; nobody waits for that. */
const PIPES_AFTER_MS = 500;

const running = new Set<ChildProcess>();
let isWatching = false;

/** As spawn of Node.js, in a group of its own that ends with the program, or with this process. */
export const startProgram = ((command: string, args: readonly string[], options: object) => {
  const child = spawn(command, args, { ...options, detached: true });
  endsWithUs(child);
  return child;
}) as unknown as typeof spawn;

/**
 * Ends what a program has left in its group when it has ended, and the whole group when this process ends.
 *
 * @param child started with `detached`
 */
export function endsWithUs(child: ChildProcess): void {
  if (!isWatching) process.once('exit', endPrograms);
  isWatching = true;
  if (child.pid === undefined) return;
  running.add(child);
  child.once('exit', () => {
    running.delete(child);
    signalGroup(child, 'SIGKILL');
  });
}

/** Kills every program that runs: for the end of this process, which waits for nothing any more. */
export function endPrograms(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

/** Sends a signal to a program and all that is in its group; one that has ended meanwhile is no error. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) send(-child.pid, signal);
}

/** Why a program was stopped. */
export type Stopped = 'late' | 'interrupted';

/** Stops a program when its time is over or when it is not wanted any more: in order first, then by force. */
export class Supervisor {
  /** Undefined for one that ended by itself. */
  stopped: Stopped | undefined;
  readonly #child: ChildProcess;
  readonly #onTerminal: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  /** It and its descendants, as far as it has no group: without their parent nobody knows whose they were. */
  #family: number[] = [];
  readonly #onAbort = (): void => this.#stop('interrupted');

  /** @param onTerminal it has no group of its own: it and what descends from it is stopped one by one */
  constructor(
    child: ChildProcess,
    { timeoutMs, signal, onTerminal = false }: { timeoutMs: number; signal?: AbortSignal; onTerminal?: boolean },
  ) {
    this.#child = child;
    this.#onTerminal = onTerminal;
    this.#signal = signal;
    this.#after(timeoutMs, () => this.#stop('late'));
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
  }

  /** It has ended. */
  end(): void {
    for (const one of this.#family) send(one, 'SIGKILL');
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #stop(why: Stopped): void {
    if (this.stopped !== undefined) return;
    this.stopped = why;
    const { pid } = this.#child;
    if (this.#onTerminal && pid !== undefined) this.#family = [pid, ...descendantsOf(pid)];
    this.#send('SIGTERM');
    this.#after(KILL_AFTER_MS, () => this.#send('SIGKILL'));
    this.#after(KILL_AFTER_MS + PIPES_AFTER_MS, () => {
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    });
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#onTerminal) for (const one of this.#family) send(one, signal);
    else signalGroup(this.#child, signal);
  }

  #after(timeMs: number, act: () => void): void {
    // Node.js takes a longer time for none at all.
    this.#timers.push(setTimeout(act, Math.min(timeMs, 2 ** 31 - 1)));
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone already, or by now somebody else's.
    if (errnoOf(error) !== 'ESRCH' && errnoOf(error) !== 'EPERM') throw error;
  }
}

/** @see proc(5), /proc/pid/task/tid/children */
function descendantsOf(pid: number): number[] {
  let listed: string;
  try {
    listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    return [];
  }
  const children = listed.split(' ').map(Number).filter(Boolean);
  return children.flatMap((one) => [one, ...descendantsOf(one)]);
}
