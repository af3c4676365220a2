/**
 * Matches between base and target as numbers in one typed array, three each:
 * target offset, base offset, length, all in bytes of their files. In target
 * order, not overlapping.
 */
export type Matches = Float64Array;

/** Numbers per match. */
export const MATCH_STRIDE = 3;

/** Room for so many matches, in memory that all threads can read. */
export const newMatches = (count: number): Matches => new Float64Array(new SharedArrayBuffer(count * MATCH_STRIDE * Float64Array.BYTES_PER_ELEMENT));

/** Goes through matches in order. */
export function eachMatch(matches: Matches, visit: (target: number, base: number, length: number) => void): void {
  for (let at = 0; at + 2 < matches.length; at += MATCH_STRIDE) visit(matches[at]!, matches[at + 1]!, matches[at + 2]!);
}
