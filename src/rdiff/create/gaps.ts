import { eachMatch, type Matches } from './matches.ts';

/** A stretch of the target that no match covers, and what stands around it. */
export interface Gap {
  /** Offset in the target. */
  start: number;
  end: number;
  /** Base offset minus target offset of the match before it; of the match after it. */
  before: number;
  after: number;
}

/** The gaps that matches leave in [start, end) of the target. Where there is no neighbour, the same place is expected. */
export function gapsOf(matches: Matches, start: number, end: number): Gap[] {
  const gaps: Gap[] = [];
  let covered = start;
  let before = 0;
  eachMatch(matches, (target, base, length) => {
    const after = base - target;
    if (target > covered) gaps.push({ start: covered, end: target, before, after });
    covered = target + length;
    before = after;
  });
  if (end > covered) gaps.push({ start: covered, end, before, after: before });
  return gaps;
}

/** How much of [start, end) of the target matches leave uncovered. */
export function gapBytes(matches: Matches, start: number, end: number): number {
  let left = end - start;
  eachMatch(matches, (_target, _base, length) => {
    left -= length;
  });
  return left;
}

/** Offsets in the base, [start, end) after [start, end). */
export type Stretches = Float64Array;

const BLOCK_BYTES = 256;

/** Bytes of used neighbours that an unused stretch takes along: matches do not end at its borders. */
const MARGIN_BYTES = 64;

/**
 * The stretches of a window of the base that no match uses, to blocks of 256
 * bytes: where the base holds what the target no longer has in the same form.
 */
export function unusedStretches(segments: Iterable<Matches>, start: number, sizeBytes: number): Stretches {
  const blocks = Math.ceil(sizeBytes / BLOCK_BYTES);
  const used = new Uint8Array(blocks);
  for (const matches of segments) {
    eachMatch(matches, (_target, base, length) => {
      const from = Math.max(0, Math.ceil((base - start) / BLOCK_BYTES));
      const to = Math.min(blocks, Math.floor((base + length - start) / BLOCK_BYTES));
      if (to > from) used.fill(1, from, to);
    });
  }
  const found: number[] = [];
  for (let block = used.indexOf(0); block >= 0; block = used.indexOf(0, block)) {
    const next = used.indexOf(1, block);
    const end = next < 0 ? blocks : next;
    const from = Math.max(0, block * BLOCK_BYTES - MARGIN_BYTES);
    // Two blocks are further apart than two margins, so stretches never overlap.
    found.push(start + from, start + Math.min(sizeBytes, end * BLOCK_BYTES + MARGIN_BYTES));
    block = end;
  }
  return Float64Array.from(found);
}
