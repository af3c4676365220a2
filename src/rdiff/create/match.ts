import { ReleasePlanError } from '../../errors.ts';
import type { Progress } from '../progress.ts';
import type { Crew } from './crew.ts';
import { CHUNK_BYTES, COUNTER_AT, SEGMENT_BYTES, type Layout } from './layout.ts';
import { unusedStretches, type Stretches } from './gaps.ts';
import { piecesOf, type Found, type Phase } from './lane.ts';
import type { BaseWindow, FineIndex } from './matcher.ts';
import type { Matches } from './matches.ts';

/** What matching needs to know of the images and of who does it. */
export interface MatchJob {
  crew: Crew;
  layout: Layout;
  memory: WebAssembly.Memory;
  baseBytes: number;
  targetBytes: number;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** The fine index holds a window at every eighth byte of the base where it has room for them. */
const FINEST_STRIDE_BYTES = Number(process.env['FS'] ?? 8);

/** Of the three that a bucket has room for. */
const FINE_ENTRIES_PER_BUCKET = 2;

const PROGRESS_INTERVAL_MS = 100;

/**
 * Finds what the target has in common with the base.
 *
 * @returns the matches of every segment of the target, in order; the crew has ended
 * @throws ReleasePlanError `interrupted` when the signal fired; whatever a thread threw
 */
export async function matchImages(job: MatchJob): Promise<Matches[]> {
  try {
    const segments = Math.ceil(job.targetBytes / SEGMENT_BYTES);
    const window: BaseWindow = { start: 0, sizeBytes: job.baseBytes };
    await runPhase(job, { kind: 'load', window });
    const matches = inOrder(await runPhase(job, { kind: 'coarse', window, segments }));
    if (process.env['COARSE']) return matches;
    const t0 = performance.now();
    const stretches = unusedStretches(matches, window.start, window.sizeBytes);
    const index = planFineIndex(stretches, job.layout.fineBits);
    if (process.env['P']) process.stderr.write(`unused ${stretches.reduce((n, x, i) => n + (i & 1 ? x : -x), 0)} stride ${index.strideBytes} ${performance.now() - t0}\n`);
    await runPhase(job, { kind: 'index-fine', window, stretches, index, parts: job.layout.lanes.length });
    return inOrder(await runPhase(job, { kind: 'fine', window, index, segments, matches }));
  } finally {
    await job.crew.stop();
  }
}

/** The finest stride for which the table has room. */
function planFineIndex(stretches: Stretches, maxBits: number): FineIndex {
  let sizeBytes = 0;
  for (let at = 0; at + 1 < stretches.length; at += 2) sizeBytes += stretches[at + 1]! - stretches[at]!;
  let strideBytes = FINEST_STRIDE_BYTES;
  const bitsFor = (stride: number): number => Math.max(10, Math.ceil(Math.log2(sizeBytes / stride / FINE_ENTRIES_PER_BUCKET + 1)));
  while (bitsFor(strideBytes) > maxBits) strideBytes *= 2;
  return { bits: bitsFor(strideBytes), strideBytes };
}

const inOrder = (found: Found): Matches[] => found.toSorted(([a], [b]) => a - b).map(([, matches]) => matches);

/** Runs a phase, telling how far it is, and stops waiting for it when the signal fires. */
async function runPhase(job: MatchJob, phase: Phase): Promise<Found> {
  const { signal, onProgress } = job;
  const counter = new Int32Array(job.memory.buffer, COUNTER_AT, 1);
  Atomics.store(counter, 0, 0);
  const pieces = piecesOf(phase);
  const pieceBytes = phase.kind === 'load' ? CHUNK_BYTES : SEGMENT_BYTES;
  const tell = (): void => onProgress?.({
    phase: phase.kind === 'load' ? 'index' : 'scan',
    doneBytes: Math.min(Atomics.load(counter, 0), pieces) * pieceBytes,
    totalBytes: pieces * pieceBytes,
  });
  const timer = onProgress === undefined ? undefined : setInterval(tell, PROGRESS_INTERVAL_MS);
  let stop: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new ReleasePlanError('interrupted', 'making the delta was stopped'));
  });
  signal?.addEventListener('abort', stop!, { once: true });
  try {
    if (signal?.aborted) stop?.();
    return await Promise.race([job.crew.run(phase), stopped]);
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop!);
    tell();
  }
}
