/** How much at once: each delta takes its memory. */
import { availableParallelism, freemem } from 'node:os';
import type { StaticDeltaGenerator } from '../../core/plan.ts';

/** Memory that one `ostree static-delta generate` takes at its peak: 0.87 GB for a tree of 482 MB (docs/ostree.md). */
export const BYTES_PER_JOB = 950_000_000;

/** Memory that a client takes to apply a delta: both versions of a file that is patched, 128 MB, and a part. */
export const PROOF_BYTES = 250_000_000;

/** Memory of one of our generator's threads at its peak (docs/static-delta.md), without its xz. */
const BYTES_PER_THREAD = 256 * 2 ** 20;

/** What `xz -LEVEL` takes, in MiB. @see xz(1), "Compression preset levels", CompMem */
const XZ_MEBIBYTES = [3, 9, 17, 32, 48, 94, 94, 186, 370, 674] as const;

/** Left for everything else on the machine. */
const RESERVE_BYTES = 500_000_000;

interface Machine {
  cores: number;
  freeBytes: number;
}

/**
 * How many deltas to make or prove at once: each takes one core and its memory. Pure.
 *
 * @param wanted the plan's own number, which is taken as it is
 */
export function jobCount(
  pairs: number,
  wanted: number | undefined,
  bytesEach = BYTES_PER_JOB,
  machine: Machine = thisMachine(),
): number {
  const fitting = wanted ?? Math.min(machine.cores, Math.floor((machine.freeBytes - RESERVE_BYTES) / bytesEach));
  return Math.max(1, Math.min(pairs, fitting));
}

/**
 * How many threads our generator gets: the plan's number, as many as processors otherwise; never more than the memory
 * is for, but one. Pure.
 */
export function threadCount(
  { workers, memoryBytes, xz }: Omit<Extract<StaticDeltaGenerator, { kind: 'own' }>, 'kind'>,
  machine: Machine = thisMachine(),
): number {
  const bytesEach = BYTES_PER_THREAD + (XZ_MEBIBYTES[xz] ?? 0) * 2 ** 20;
  const isGiven = workers !== undefined && memoryBytes === undefined;
  const fitting = isGiven ? workers : Math.floor((memoryBytes ?? machine.freeBytes - RESERVE_BYTES) / bytesEach);
  return Math.max(1, Math.min(workers ?? machine.cores, fitting));
}

const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  freeBytes: freemem(),
});

/**
 * Does the work for every item, so many at once, and hands back the results in
 * order. After a failure nothing new is started; what runs is waited for, then
 * the first failure is thrown.
 */
export async function inParallel<T, R>(items: readonly T[], jobs: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const at = next++;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
