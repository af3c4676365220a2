import type { MadeDelta } from './calibrate.ts';

/** How fast deltas are made: built, proven, packed and signed. */
export interface MakingRate {
  /** Of base and target together. */
  bytesPerSecond: number;
  /** Deltas that it was measured on; 0: assumed. */
  deltas: number;
}

/** Of a machine with two processors, images of 1.3 GB; most of it is proving and packing. */
const ASSUMED_BYTES_PER_SECOND = 100e6;

/** Fewer say too little. */
const LEAST_DELTAS = 3;

/** Between two deltas of different runs there may be days. */
const LONGEST_MS = 2 * 60 * 60 * 1000;

/**
 * The rate by what the archive says: deltas of one run are made one after the other, so that the time between two of a
 * target is what the second took.
 *
 * @param imageBytesOf all images of a version; undefined where it is not archived
 */
export async function makingRate(
  made: readonly MadeDelta[],
  imageBytesOf: (version: string) => Promise<number | undefined>,
): Promise<MakingRate> {
  const byTarget = new Map<string, MadeDelta[]>();
  for (const one of made) if (one.madeAt !== undefined) byTarget.set(one.to, [...(byTarget.get(one.to) ?? []), one]);
  const rates: number[] = [];
  for (const [to, deltas] of byTarget) {
    const targetBytes = await imageBytesOf(to);
    const sorted = deltas.sort((a, b) => ((a.madeAt ?? '') < (b.madeAt ?? '') ? -1 : 1));
    for (const [at, { from, madeAt }] of sorted.entries()) {
      const before = sorted[at - 1]?.madeAt;
      const baseBytes = before === undefined ? undefined : await imageBytesOf(from);
      if (before === undefined || baseBytes === undefined || targetBytes === undefined) continue;
      const ms = Date.parse(madeAt ?? '') - Date.parse(before);
      if (ms > 0 && ms < LONGEST_MS) rates.push((1000 * (baseBytes + targetBytes)) / ms);
    }
  }
  const sorted = rates.sort((a, b) => a - b);
  return rates.length < LEAST_DELTAS
    ? { bytesPerSecond: ASSUMED_BYTES_PER_SECOND, deltas: 0 }
    : { bytesPerSecond: sorted[Math.floor(sorted.length / 2)] ?? ASSUMED_BYTES_PER_SECOND, deltas: rates.length };
}
