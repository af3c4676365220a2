import type { Worker } from 'node:worker_threads';
import { ReleasePlanError } from '../../core/errors.ts';
import { Lane, type Found, type LaneSetup, type Phase } from './lane.ts';
import { keepThread, takeThread } from './threads.ts';
import type { Order, WorkerReply } from './worker.ts';

/** Whoever does the phases: this thread, or several workers. */
export interface Crew {
  /** Runs one phase to its end and returns what all threads found, in no particular order. */
  run(phase: Phase): Promise<Found>;
  /** Lets the threads go; in the middle of a phase it ends them, and the phase never settles. */
  stop(): Promise<void>;
}

/**
 * A crew of this thread for the first lane of the layout, and a worker thread
 * for each other. This one works while the others start, which takes as long as
 * a small image, unless they are there from the delta before.
 *
 * @param fds open for reading
 * @param pause awaited between the pieces that this thread takes: lets the event loop run, and throws to stop
 */
export function makeCrew(
  setup: Omit<LaneSetup, 'lane'>,
  fds: { base: number; target: number },
  pause: () => Promise<void>,
): Crew {
  const own = new Lane({ ...setup, lane: 0 }, fds);
  const workers = setup.layout.lanes.slice(1).map((_, other) => {
    const worker = takeThread();
    tell(worker, { kind: 'begin', setup: { ...setup, lane: other + 1 } });
    return worker;
  });
  let isStopped = false;
  /** From the start of a phase to its end; for ever, where it failed. */
  let isBusy = false;
  const pauseOrStop = async (): Promise<void> => {
    await pause();
    // The files may be closed by now, and their numbers belong to others.
    if (isStopped) throw new ReleasePlanError('interrupted', 'interrupted while making the delta');
  };
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  for (const worker of workers) worker.once('error', fail);
  // Whoever awaits a phase sees the failure; between phases nobody may be waiting.
  failed.catch(() => undefined);
  /** Whether every thread has let go of the images and of the memory. */
  const end = async (): Promise<boolean> => {
    const ended = Promise.all(workers.map(async (worker) => await foundBy(worker, { kind: 'end' })));
    return await Promise.race([ended, failed]).then(
      () => true,
      () => false,
    );
  };
  return {
    async run(phase) {
      isBusy = true;
      const replies = workers.map(async (worker) => await foundBy(worker, phase));
      const found = await Promise.race([Promise.all([own.run(phase, pauseOrStop), ...replies]), failed]);
      isBusy = false;
      return found.flat();
    },
    async stop() {
      isStopped = true;
      if (isBusy || !(await end())) {
        await Promise.all(workers.map(async (worker) => await worker.terminate()));
        return;
      }
      for (const worker of workers) {
        worker.off('error', fail);
        keepThread(worker);
      }
    },
  };
}

const tell = (worker: Worker, order: Order): void => worker.postMessage(order);

/** @throws ReleasePlanError `io-failed` */
async function foundBy(worker: Worker, order: Order): Promise<Found> {
  const reply = new Promise<WorkerReply>((resolve) => worker.once('message', resolve));
  tell(worker, order);
  const outcome = await reply;
  if ('found' in outcome) return outcome.found;
  throw new ReleasePlanError('io-failed', outcome.failure, outcome.hint === undefined ? {} : { hint: outcome.hint });
}
