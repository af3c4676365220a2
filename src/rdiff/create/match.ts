import { ReleasePlanError } from '../../errors.ts';
import type { Progress } from '../progress.ts';
import type { Crew } from './crew.ts';
import { CHUNK_BYTES, COUNTER_AT, SEGMENT_BYTES, type Layout } from './layout.ts';
import { piecesOf, type BaseWindow, type Found, type Phase } from './lane.ts';
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
    return inOrder(await runPhase(job, { kind: 'coarse', window, segments }));
  } finally {
    await job.crew.stop();
  }
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
