/**
 * Matches between base and target as numbers in one typed array, three each:
 * target offset, base offset, length, all in bytes of their files. In target
 * order, not overlapping.
 */
export type Matches = Float64Array;

/** One of them. */
export interface Match {
  /** Offset in the target. */
  target: number;
  /** Offset in the base. */
  base: number;
  length: number;
}

/** Numbers per match. */
export const MATCH_STRIDE = 3;

/** Goes through matches in order. */
export function eachMatch(matches: Matches, visit: (target: number, base: number, length: number) => void): void {
  for (let at = 0; at + 2 < matches.length; at += MATCH_STRIDE) visit(matches[at]!, matches[at + 1]!, matches[at + 2]!);
}

/** An array for lists of any length, one after the other: a new one for each would pile up until they are collected. */
export class MatchBuffer {
  #room = new Float64Array(1024 * MATCH_STRIDE);

  /** Room for so many matches; what it held before is lost. */
  of(count: number): Matches {
    if (count * MATCH_STRIDE > this.#room.length)
      this.#room = new Float64Array(2 ** Math.ceil(Math.log2(count)) * MATCH_STRIDE);
    return this.#room.subarray(0, count * MATCH_STRIDE);
  }
}
