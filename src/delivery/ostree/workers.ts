import { availableParallelism, freemem } from 'node:os';

/** Memory that one `ostree static-delta generate` takes at its peak: 0.87 GB for a tree of 482 MB (docs/ostree.md). */
export const BYTES_PER_JOB = 950_000_000;

/** Left for everything else on the machine. */
const RESERVE_BYTES = 500_000_000;

/**
 * How many deltas to make at once: each takes one core and its memory. Pure.
 *
 * @param wanted the plan's own number, which is taken as it is
 */
export function jobCount(
  pairs: number,
  wanted: number | undefined,
  machine: { cores: number; freeBytes: number } = thisMachine(),
): number {
  const fitting = wanted ?? Math.min(machine.cores, Math.floor((machine.freeBytes - RESERVE_BYTES) / BYTES_PER_JOB));
  return Math.max(1, Math.min(pairs, fitting));
}

const thisMachine = (): { cores: number; freeBytes: number } => ({
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
