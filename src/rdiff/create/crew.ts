import { Worker, type ResourceLimits } from 'node:worker_threads';
import { ReleasePlanError } from '../../core/errors.ts';
import { builtFile } from '../wasm.ts';
import { Lane, type Found, type LaneSetup, type Phase } from './lane.ts';
import type { WorkerReply } from './worker.ts';

/** Whoever does the phases: this thread, or several workers. */
export interface Crew {
  /** Runs one phase to its end and returns what all threads found, in no particular order. */
  run(phase: Phase): Promise<Found>;
  /** Ends every thread, also in the middle of a phase, which then never settles. */
  stop(): Promise<void>;
}

/**
 * What a worker's JavaScript heap may grow to. Unlimited, V8 lets one grow by
 * 60 MiB of garbage, which no reserve in layout.ts could count on; at its
 * fullest, a segment of gaps of one byte each, it takes a few MiB.
 */
const HEAP_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * A crew of this thread for the first lane of the layout, and a worker thread
 * for each other. This one works while the others start, which takes as long as
 * a small image.
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
  const workers = setup.layout.lanes.slice(1).map(
    (_, other) =>
      new Worker(builtFile('create/worker.js'), {
        workerData: { ...setup, lane: other + 1 } satisfies LaneSetup,
        resourceLimits: HEAP_LIMITS,
      }),
  );
  let isStopped = false;
  const pauseOrStop = async (): Promise<void> => {
    await pause();
    // The files may be closed by now, and their numbers belong to others.
    if (isStopped) throw new ReleasePlanError('interrupted', 'interrupted while making the delta');
  };
  const failed = new Promise<never>((_, reject) => {
    for (const worker of workers) worker.once('error', reject);
  });
  // Whoever awaits a phase sees the failure; between phases nobody may be waiting.
  failed.catch(() => undefined);
  return {
    async run(phase) {
      const replies = workers.map(async (worker) => {
        const reply = new Promise<WorkerReply>((resolve) => worker.once('message', resolve));
        worker.postMessage(phase);
        const outcome = await reply;
        if ('found' in outcome) return outcome.found;
        throw new ReleasePlanError(
          'io-failed',
          outcome.failure,
          outcome.hint === undefined ? {} : { hint: outcome.hint },
        );
      });
      return (await Promise.race([Promise.all([own.run(phase, pauseOrStop), ...replies]), failed])).flat();
    },
    async stop() {
      isStopped = true;
      await Promise.all(workers.map(async (worker) => await worker.terminate()));
    },
  };
}
