/** The worker thread of createDelta: lanes, one after the other, that are told their phases by messages. */
import { closeSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { ReleasePlanError } from '../../core/errors.ts';
import { freeMemories } from '../wasm-memory.ts';
import { Lane, type Found, type LaneSetup, type Phase } from './lane.ts';

/** What a worker is told: which lane it is, then phase after phase, then that the delta is made. */
export type Order = { kind: 'begin'; setup: LaneSetup } | Phase | { kind: 'end' };

/** What it answers to a phase, and to the end. An error's class does not survive the way between threads. */
export type WorkerReply = { found: Found } | { failure: string; hint: string | undefined };

interface OpenLane {
  lane: Lane;
  fds: { base: number; target: number };
  memoryBytes: number;
}

let open: OpenLane | undefined;

async function follow(order: Order): Promise<void> {
  if (order.kind === 'begin') {
    const { setup } = order;
    const fds = { base: openSync(setup.basePath, 'r'), target: openSync(setup.targetPath, 'r') };
    open = { lane: new Lane(setup, fds), fds, memoryBytes: setup.memory.buffer.byteLength };
  } else if (order.kind === 'end') {
    const { fds, memoryBytes } = open!;
    for (const fd of Object.values(fds)) closeSync(fd);
    open = undefined;
    await freeMemories(memoryBytes);
    answer({ found: [] });
  } else answer(await replyTo(order));
}

async function replyTo(phase: Phase): Promise<WorkerReply> {
  try {
    return { found: await open!.lane.run(phase) };
  } catch (error) {
    if (error instanceof ReleasePlanError) return { failure: error.message, hint: error.hint };
    throw error;
  }
}

const answer = (reply: WorkerReply): void => parentPort?.postMessage(reply);

// Anything else that is thrown reaches the crew as the worker's 'error' event.
parentPort?.on('message', (order: Order) => void follow(order));
