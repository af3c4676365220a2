import { USED_BLOCK_BYTES } from './layout.ts';
import { MATCH_STRIDE, eachMatch, type Matches } from './matches.ts';

/** A stretch of the target that no match covers, or a piece of it, and what stands around it. */
export interface Gap {
  /** Offset in the target. */
  start: number;
  end: number;
  /** Base offset minus target offset of the match before it; of the match after it. */
  before: number;
  after: number;
}

/**
 * The gaps that matches leave in [start, end) of the target, long ones in pieces.
 * Where there is no neighbour, the same place is expected.
 */
export function gapsOf(matches: Matches, start: number, end: number, pieceBytes: number): Gap[] {
  const gaps: Gap[] = [];
  let covered = start;
  let before = 0;
  // Plain loops: a hundred thousand gaps are common.
  for (let at = 0; at < matches.length; at += MATCH_STRIDE) {
    const target = matches[at]!;
    const after = matches[at + 1]! - target;
    for (; covered < target; covered = Math.min(target, covered + pieceBytes))
      gaps.push({ start: covered, end: Math.min(target, covered + pieceBytes), before, after });
    covered = target + matches[at + 2]!;
    before = after;
  }
  for (; covered < end; covered = Math.min(end, covered + pieceBytes))
    gaps.push({ start: covered, end: Math.min(end, covered + pieceBytes), before, after: before });
  return gaps;
}

/** How much of [start, end) of the target matches leave uncovered. */
export function gapBytes(matches: Matches, start: number, end: number): number {
  let left = end - start;
  for (let at = 2; at < matches.length; at += MATCH_STRIDE) left -= matches[at]!;
  return left;
}

/** A stretch of the base. */
export interface Stretch {
  start: number;
  end: number;
}

/** Bytes of used neighbours that an unused stretch takes along: matches do not end at its borders. */
const MARGIN_BYTES = 64;

/** What a byte can count of a block: all of it but one byte, which no window of the fine index fits into. */
const WHOLE_BLOCK = 255;

/**
 * Adds what matches use of each block of the base; what two of them use counts twice.
 *
 * @param used a byte for each block, USED_BLOCK_BYTES
 */
export function countUsed(used: Uint8Array, matches: Matches): void {
  const add = (block: number, bytes: number): void => {
    used[block] = Math.min(WHOLE_BLOCK, used[block]! + bytes);
  };
  eachMatch(matches, (_target, base, length) => {
    const end = base + length;
    const first = Math.floor(base / USED_BLOCK_BYTES);
    const last = Math.floor((end - 1) / USED_BLOCK_BYTES);
    if (first === last) return add(first, length);
    add(first, (first + 1) * USED_BLOCK_BYTES - base);
    used.fill(WHOLE_BLOCK, first + 1, last);
    add(last, end - last * USED_BLOCK_BYTES);
  });
}

/**
 * Makes of the counts a 1 for each block that is used and a 0 for each other.
 *
 * @returns how many are not
 */
export function settleUsed(used: Uint8Array): number {
  let unused = 0;
  for (let block = 0; block < used.length; block += 1) {
    const isUsed = used[block]! >= WHOLE_BLOCK ? 1 : 0;
    used[block] = isUsed;
    unused += 1 - isUsed;
  }
  return unused;
}

/**
 * The blocks of a part of the base that no match uses, those that follow one another as one.
 *
 * @param used the blocks of that part
 * @param start its offset
 */
export function* unusedBlocks(used: Uint8Array, start: number, sizeBytes: number): Generator<Stretch> {
  for (let block = used.indexOf(0); block >= 0; block = used.indexOf(0, block)) {
    const next = used.indexOf(1, block);
    const end = next < 0 ? used.length : next;
    yield { start: start + block * USED_BLOCK_BYTES, end: start + Math.min(sizeBytes, end * USED_BLOCK_BYTES) };
    block = end;
  }
}

/**
 * The same with margins: where the base holds what the target no longer has in the same form. In order, and apart,
 * since two of them are at least a block apart.
 */
export function* unusedStretches(used: Uint8Array, start: number, sizeBytes: number): Generator<Stretch> {
  for (const blocks of unusedBlocks(used, start, sizeBytes))
    yield {
      start: Math.max(start, blocks.start - MARGIN_BYTES),
      end: Math.min(start + sizeBytes, blocks.end + MARGIN_BYTES),
    };
}

/** Stretches in order, those that are no further apart than so many bytes as one. */
export function* joined(stretches: Iterable<Stretch>, apartBytes: number): Generator<Stretch> {
  let open: Stretch | undefined;
  for (const { start, end } of stretches) {
    if (open !== undefined && start - open.end <= apartBytes) open.end = end;
    else {
      if (open !== undefined) yield open;
      open = { start, end };
    }
  }
  if (open !== undefined) yield open;
}
