/** The threads that make parts. */
import { Worker } from 'node:worker_threads';
import { ReleasePlanError } from '../errors.ts';
import { Matcher } from './matcher.ts';
import { makePart, type MadePart, type PartTask } from './part-writer.ts';
import { builtFile } from './wasm.ts';
import type { WorkerReply } from './worker.ts';

/**
 * Makes all parts, so many at once, and gives them back in order. A single one
 * is made in this thread: another would take longer to start.
 *
 * @throws ReleasePlanError what makePart throws, `interrupted` when the signal fires
 */
export async function makeParts(tasks: readonly PartTask[], module: WebAssembly.Module, workers: number, signal?: AbortSignal): Promise<MadePart[]> {
  const threads = Math.min(workers, tasks.length);
  if (threads <= 1) return await makeHere(tasks, module, signal);
  const made: MadePart[] = [];
  // The largest first, so that none is left alone at the end.
  const queue = [...tasks.keys()].sort((a, b) => weightOf(tasks[b]) - weightOf(tasks[a]));
  const crew = Array.from({ length: threads }, () => new Worker(builtFile('worker.js'), { workerData: module }));
  const stop = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(interrupted()), { once: true });
    for (const worker of crew) worker.once('error', reject);
  });
  stop.catch(() => undefined);
  try {
    signal?.throwIfAborted();
    await Promise.race([stop, Promise.all(crew.map(async (worker) => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        made[index] = await ask(worker, tasks[index] as PartTask);
      }
    }))]);
  } finally {
    await Promise.all(crew.map(async (worker) => await worker.terminate()));
  }
  return made;
}

async function makeHere(tasks: readonly PartTask[], module: WebAssembly.Module, signal?: AbortSignal): Promise<MadePart[]> {
  const matcher = new Matcher(module);
  const made: MadePart[] = [];
  for (const task of tasks) {
    if (signal?.aborted === true) throw interrupted();
    made.push(await makePart(task, matcher));
  }
  return made;
}

const interrupted = (): ReleasePlanError => new ReleasePlanError('interrupted', 'making the static delta was stopped');

const weightOf = (task: PartTask | undefined): number =>
  (task?.objects ?? []).reduce((sum, object) => sum + (object.kind === 'metadata' ? object.sizeBytes : object.file.head.sizeBytes), 0);

async function ask(worker: Worker, task: PartTask): Promise<MadePart> {
  const reply = new Promise<WorkerReply>((resolve) => worker.once('message', resolve));
  worker.postMessage(task);
  const outcome = await reply;
  if ('made' in outcome) return outcome.made;
  const { code, message, hint } = outcome.failure;
  throw new ReleasePlanError(code, message, hint === undefined ? {} : { hint });
}
