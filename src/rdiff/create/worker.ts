/** The worker thread of createDelta: a lane that is told its phases by messages. */
import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { ReleasePlanError } from '../../core/errors.ts';
import { Lane, type Found, type LaneSetup, type Phase } from './lane.ts';

/** What a worker answers to a phase. An error's class does not survive the way between threads. */
export type WorkerReply = { found: Found } | { failure: string; hint: string | undefined };

const setup = workerData as LaneSetup;
// Never closed: they end with the thread.
const lane = new Lane(setup, { base: openSync(setup.basePath, 'r'), target: openSync(setup.targetPath, 'r') });

async function answer(phase: Phase): Promise<WorkerReply> {
  try {
    return { found: await lane.run(phase) };
  } catch (error) {
    if (error instanceof ReleasePlanError) return { failure: error.message, hint: error.hint };
    throw error;
  }
}

// Anything else that is thrown reaches the crew as the worker's 'error' event.
parentPort?.on('message', (phase: Phase) => void answer(phase).then((reply) => parentPort?.postMessage(reply)));
