/**
 * A thread that sums blocks: gets ranges, answers with their sums. Started
 * from dist/ by signature.ts.
 */
import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { BlockSums, type BlockRange, type BlockSumSettings } from './block-sums.ts';

/** What a thread is started with. */
export interface SignatureWorkerData {
  module: WebAssembly.Module;
  base: string;
  baseBytes: number;
  settings: BlockSumSettings;
}

/** The answer to one range. */
export interface SignedRange {
  range: BlockRange;
  sums: Uint8Array;
}

if (parentPort !== null) {
  const port = parentPort;
  const { module, base, baseBytes, settings } = workerData as SignatureWorkerData;
  // Never closed: it ends with the thread.
  const sums = new BlockSums(module, openSync(base, 'r'), baseBytes, settings);
  port.on('message', (range: BlockRange) => {
    const answer: SignedRange = { range, sums: sums.sign(range) };
    port.postMessage(answer, [answer.sums.buffer as ArrayBuffer]);
  });
}
