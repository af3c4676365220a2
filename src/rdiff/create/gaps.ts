import { USED_BLOCK_BYTES } from './layout.ts';
import { MATCH_STRIDE, eachMatch, type Matches } from './matches.ts';

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

/** A match so long stays as it is whatever else is found around it. */
const SETTLED_BYTES = 64 * 1024;

/** A gap, and how far beyond it a longer match may replace those that are known. */
export interface OpenGap extends Gap {
  /** End of the settled match before the gap; start of the one after it. */
  reachStart: number;
  reachEnd: number;
}

/** The gaps of [start, end) of the target with what lies between them and the next long matches. */
export function openGapsOf(matches: Matches, start: number, end: number): OpenGap[] {
  const gaps: OpenGap[] = [];
  let reachStart = start;
  let first = 0;
  const settle = (reachEnd: number): void => {
    for (; first < gaps.length; first += 1) gaps[first]!.reachEnd = reachEnd;
  };
  let at = 0;
  for (const gap of gapsOf(matches, start, end)) {
    for (; at < matches.length && matches[at]! < gap.start; at += MATCH_STRIDE) {
      if (matches[at + 2]! < SETTLED_BYTES) continue;
      settle(matches[at]!);
      reachStart = matches[at]! + matches[at + 2]!;
    }
    gaps.push({ ...gap, reachStart, reachEnd: end });
  }
  for (; at < matches.length && first < gaps.length; at += MATCH_STRIDE) if (matches[at + 2]! >= SETTLED_BYTES) settle(matches[at]!);
  return gaps;
}

/** A stretch of the base. */
export interface Stretch {
  start: number;
  end: number;
}

/** Bytes of used neighbours that an unused stretch takes along: matches do not end at its borders. */
const MARGIN_BYTES = 64;

/**
 * Marks the blocks of a window of the base that lie within one match.
 *
 * @param used a byte for each block, USED_BLOCK_BYTES, of the window
 * @param start offset of the window
 */
export function markUsed(used: Uint8Array, matches: Matches, start: number): void {
  eachMatch(matches, (_target, base, length) => {
    const from = Math.max(0, Math.ceil((base - start) / USED_BLOCK_BYTES));
    const to = Math.min(used.length, Math.floor((base + length - start) / USED_BLOCK_BYTES));
    if (to > from) used.fill(1, from, to);
  });
}

/**
 * The stretches of a window of the base that no match uses: where the base
 * holds what the target no longer has in the same form. In order, and apart.
 */
export function* unusedStretches(used: Uint8Array, start: number, sizeBytes: number): Generator<Stretch> {
  for (let block = used.indexOf(0); block >= 0; block = used.indexOf(0, block)) {
    const next = used.indexOf(1, block);
    const end = next < 0 ? used.length : next;
    const from = Math.max(0, block * USED_BLOCK_BYTES - MARGIN_BYTES);
    // Two blocks are further apart than two margins, so stretches never overlap.
    yield { start: start + from, end: start + Math.min(sizeBytes, end * USED_BLOCK_BYTES + MARGIN_BYTES) };
    block = end;
  }
}
