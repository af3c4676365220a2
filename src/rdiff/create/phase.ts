import { ReleasePlanError } from '../../core/errors.ts';
import { CHUNK_BYTES, COUNTER_AT, SEGMENT_BYTES } from './layout.ts';
import { piecesOf, type Found, type Phase } from './lane.ts';
import type { MatchJob } from './job.ts';

const PROGRESS_INTERVAL_MS = 100;

/**
 * Runs a phase to its end, telling how far it is, and stops waiting for it when
 * the signal fires: whoever made the crew then ends it.
 *
 * @throws ReleasePlanError `interrupted`; whatever a thread threw
 */
export async function runPhase(job: MatchJob, phase: Phase): Promise<Found> {
  const counter = new Int32Array(job.memory.buffer, COUNTER_AT, 1);
  Atomics.store(counter, 0, 0);
  const tell = progressOf(job, phase, counter);
  const timer = tell === undefined ? undefined : setInterval(tell, PROGRESS_INTERVAL_MS);
  try {
    return await orInterrupted(job.crew.run(phase), job.signal);
  } finally {
    clearInterval(timer);
    tell?.();
  }
}

function progressOf(job: MatchJob, phase: Phase, counter: Int32Array): (() => void) | undefined {
  const { onProgress } = job;
  if (
    onProgress === undefined ||
    phase.kind === 'index-anchors' ||
    phase.kind === 'hold' ||
    phase.kind === 'index-fine'
  )
    return undefined;
  const pieces = piecesOf(phase, job.baseBytes);
  const pieceBytes = phase.kind === 'index-coarse' ? CHUNK_BYTES : SEGMENT_BYTES;
  return () =>
    onProgress({
      phase: phase.kind === 'index-coarse' ? 'index' : 'scan',
      doneBytes: Math.min(Atomics.load(counter, 0), pieces) * pieceBytes,
      totalBytes: pieces * pieceBytes,
    });
}

/** What `work` gives, or an error as soon as the signal fires. */
async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new ReleasePlanError('interrupted', 'interrupted while making the delta'));
  });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
