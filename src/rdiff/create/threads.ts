/** Worker threads for deltas: started once, and kept for the next delta of the process for a while. */
import { Worker, type ResourceLimits } from 'node:worker_threads';
import { THREAD_OPTIONS, builtFile } from '../wasm.ts';

/**
 * What a worker's JavaScript heap may grow to. Unlimited, V8 lets one grow by
 * 60 MiB of garbage, which no reserve in layout.ts could count on; at its
 * fullest, a segment of gaps of one byte each, it takes a few MiB.
 */
const HEAP_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/** A thread that finds nothing to do for so long ends: the next delta may come after a build of hours. */
const IDLE_MS = 10_000;

interface IdleThread {
  worker: Worker;
  timer: NodeJS.Timeout;
}

const idle: IdleThread[] = [];

/**
 * A thread that has nothing to do, a new one where none is left. One that has worked before is faster, since its
 * JavaScript is compiled: by a quarter of the time of a delta of 48 MB.
 */
export function takeThread(): Worker {
  const one = idle.pop();
  if (one === undefined)
    return new Worker(builtFile('create/worker.js'), { ...THREAD_OPTIONS, resourceLimits: HEAP_LIMITS });
  clearTimeout(one.timer);
  one.worker.ref();
  return one.worker;
}

/** Keeps a thread that refers to nothing of what it did. It keeps no process alive. */
export function keepThread(worker: Worker): void {
  const timer = setTimeout(() => {
    idle.splice(idle.indexOf(one), 1);
    void worker.terminate();
  }, IDLE_MS);
  const one = { worker, timer: timer.unref() };
  worker.unref();
  idle.push(one);
}
