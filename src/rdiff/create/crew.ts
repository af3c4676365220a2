import { Worker, type ResourceLimits } from 'node:worker_threads';
import { ReleasePlanError } from '../../errors.ts';
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

/** A crew of this thread alone: for small images, where starting a worker costs more than the work. */
export function soloCrew(setup: Omit<LaneSetup, 'lane'>, fds: { base: number; target: number }, pause: () => Promise<void>): Crew {
  const lane = new Lane({ ...setup, lane: 0 }, fds);
  return { run: async (phase) => await lane.run(phase, pause), stop: async () => undefined };
}

/**
 * What a worker's JavaScript heap may grow to. Unlimited, V8 lets one grow by
 * 60 MiB of garbage, which no reserve in layout.ts could count on; at its
 * fullest, a segment of gaps of one byte each, it takes a few MiB.
 */
const HEAP_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/** A crew of one worker thread for each lane of the layout. */
export function workerCrew(setup: Omit<LaneSetup, 'lane'>): Crew {
  const workers = setup.layout.lanes.map((_, lane) => new Worker(builtFile('create/worker.js'), { workerData: { ...setup, lane } satisfies LaneSetup, resourceLimits: HEAP_LIMITS }));
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
        throw new ReleasePlanError('io-failed', outcome.failure, outcome.hint === undefined ? {} : { hint: outcome.hint });
      });
      return (await Promise.race([Promise.all(replies), failed])).flat();
    },
    async stop() {
      await Promise.all(workers.map(async (worker) => await worker.terminate()));
    },
  };
}
