/** The worker thread of createDelta: a lane that is told its phases by messages. */
import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Lane, type Found, type LaneSetup, type Phase } from './lane.ts';

/** What a worker answers to a phase. */
export interface WorkerReply {
  found: Found;
}

const setup = workerData as LaneSetup;
// Never closed: they end with the thread.
const lane = new Lane(setup, { base: openSync(setup.basePath, 'r'), target: openSync(setup.targetPath, 'r') });

parentPort?.on('message', (phase: Phase) => {
  // A failure must reach the pool as the worker's 'error' event: an unhandled rejection does.
  void lane.run(phase).then((found) => parentPort?.postMessage({ found } satisfies WorkerReply));
});
