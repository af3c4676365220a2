/** The threads that make parts. */
import { Worker } from 'node:worker_threads';
import { ReleasePlanError } from '../core/errors.ts';
import { Matcher } from './matcher.ts';
import { makePart, type MadePart, type PartTask } from './part-writer.ts';
import { builtFile } from './wasm.ts';
import type { WorkerReply } from './worker.ts';

/** Whoever makes parts: this thread, or several others. */
export interface Crew {
  /**
   * Makes a part, when those that were asked for before are made or being made.
   *
   * @throws ReleasePlanError what makePart throws, `interrupted` when the signal fired
   */
  make(task: PartTask): Promise<MadePart>;
  /** Ends every thread, also in the middle of a part. */
  stop(): Promise<void>;
}

/** A crew of so many threads. One alone is this thread: another would take longer to start than a small delta. */
export const startCrew = (module: WebAssembly.Module, threads: number, signal?: AbortSignal): Crew =>
  threads <= 1 ? new OwnThread(module, signal) : new Threads(module, threads, signal);

const interrupted = (): ReleasePlanError => new ReleasePlanError('interrupted', 'making the static delta was stopped');

class OwnThread implements Crew {
  readonly #matcher: Matcher;
  readonly #signal: AbortSignal | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(module: WebAssembly.Module, signal: AbortSignal | undefined) {
    this.#matcher = new Matcher(module);
    this.#signal = signal;
  }

  async make(task: PartTask): Promise<MadePart> {
    // After a failure nothing more is made, as with threads.
    const made = this.#last.then(async () => {
      if (this.#signal?.aborted === true) throw interrupted();
      return await makePart(task, this.#matcher);
    });
    this.#last = made;
    return await made;
  }

  async stop(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}

interface Job {
  task: PartTask;
  resolve(made: MadePart): void;
  reject(error: unknown): void;
}

class Threads implements Crew {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Job[] = [];
  readonly #running = new Map<Worker, Job>();
  readonly #signal: AbortSignal | undefined;
  #failure: { error: unknown } | undefined;

  constructor(module: WebAssembly.Module, threads: number, signal: AbortSignal | undefined) {
    // Flags of this process (--input-type, --import) are for its own main file.
    const options = { workerData: module, execArgv: [] };
    this.#workers = Array.from({ length: threads }, () => new Worker(builtFile('worker.js'), options));
    this.#idle = [...this.#workers];
    for (const worker of this.#workers) {
      worker.on('message', (reply: WorkerReply) => this.#receive(worker, reply));
      worker.on('error', (error) => this.#fail(error));
    }
    this.#signal = signal;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  readonly #abort = (): void => this.#fail(interrupted());

  async make(task: PartTask): Promise<MadePart> {
    return await new Promise<MadePart>((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#dispatch();
    });
  }

  async stop(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    await Promise.all(this.#workers.map(async (worker) => await worker.terminate()));
  }

  #dispatch(): void {
    if (this.#failure !== undefined) {
      for (const job of this.#waiting.splice(0)) job.reject(this.#failure.error);
      return;
    }
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const [worker, job] = [this.#idle.shift() as Worker, this.#waiting.shift() as Job];
      this.#running.set(worker, job);
      worker.postMessage(job.task);
    }
  }

  #receive(worker: Worker, reply: WorkerReply): void {
    const job = this.#running.get(worker);
    this.#running.delete(worker);
    this.#idle.push(worker);
    if ('made' in reply) {
      job?.resolve(reply.made);
      this.#dispatch();
      return;
    }
    const { code, message, hint } = reply.failure;
    const error = new ReleasePlanError(code, message, hint === undefined ? {} : { hint });
    job?.reject(error);
    this.#fail(error);
  }

  /** The first failure ends everything: whoever waits for another part is told the same. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const job of this.#running.values()) job.reject(this.#failure.error);
    this.#running.clear();
    this.#dispatch();
  }
}
