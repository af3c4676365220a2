// The pass before the first: what did not move, or moved together with much else. It goes along
// the diagonal of the last match, and where that is lost along the target until it meets an
// anchor: a window of the base at a wide stride. Anchors are so few that their table stays in the
// cache; what they miss the first pass finds in what this one leaves over.
//
// A filter of eight bits for each bucket of the table, by the first half of the window, says
// of most bytes that no anchor begins like that.
import { baseBackward, baseEqual32 } from './base';
import { COARSE_WINDOW, hash16, hash32 } from './hash';
import { MATCH_BYTES, putMatch } from './matches';
import { NOWHERE, aheadOf, enterWindow, findWindow, isRun, offerRun, runCell, runLength } from './windows';

/** How often the diagonal is tried again after a difference: closely at first... */
const CLOSE_STEP: usize = 4;
const CLOSE_BYTES: usize = 256;

/** ...then so that a stretch of twice this is certainly met; what is shorter the first pass finds. */
const WIDE_STEP: usize = 32;

/**
 * Shortest match: in what is shorter, the first pass may find a better one. Measured, see
 * docs/performance.md: with 1 KiB the deltas are larger, and no sooner made.
 */
const FOLLOWED_MIN: u32 = 16384;

// @ts-ignore: decorator
@inline
function filterBit(shift: u32, p: usize): u32 {
  return <u32>(hash16(p) >> (shift - 3));
}

/**
 * Enters the windows that lie one behind the other in [from, to).
 *
 * @param filter eight bits for each bucket
 * @param shift 64 less the bits of the table's size in words
 * @param number that of the first window, counted from 1
 */
export function indexAnchors(
  table: usize,
  filter: usize,
  shift: u32,
  tagBits: u32,
  number: u32,
  from: usize,
  to: usize,
): void {
  for (let p = from; p + COARSE_WINDOW <= to; p += COARSE_WINDOW, number++) {
    // One of them would stand for all runs of its byte.
    if (isRun(p)) continue;
    const bit = filterBit(shift, p);
    atomic.or<u32>(filter + ((<usize>bit >> 5) << 2), (<u32>1) << (bit & 31));
    enterWindow(table, shift, tagBits, hash32(p), number);
  }
}

/** Where runs of one byte are looked for in what matches: every coarse stride divides it. */
const RUN_STEP: u32 = 4096;

/**
 * Offers the runs of one byte in a match: the first pass does not look at what is matched, and
 * a target that has more zeros than the base needs the longest run of all of it.
 */
function offerRuns(runs: usize, coarseBits: u32, at: usize, source: u64, length: u32): void {
  for (let off = (RUN_STEP - <u32>source) & (RUN_STEP - 1); off + COARSE_WINDOW <= length; off += RUN_STEP) {
    const p = at + off;
    if (!isRun(p)) continue;
    const run = runLength(p, at + length);
    offerRun(runCell(runs, p), <u32>((source + off) >> coarseBits) + 1, run);
    off += run & ~(RUN_STEP - 1);
  }
}

/**
 * Finds matches between the target bytes [from, to) and the base, in order and not
 * overlapping; of at least FOLLOWED_MIN bytes.
 *
 * @param runs, coarseBits of the coarse index: gets the longest run of each byte
 * @param cache this thread's blocks of the base
 * @param baseBytes size of the base
 * @param expected base offset where what is at `from` is expected
 * @param out gets (target address u32, length u32, base offset f64) each
 * @returns how many
 */
export function followDiagonals(
  table: usize,
  filter: usize,
  shift: u32,
  tagBits: u32,
  strideBits: u32,
  runs: usize,
  coarseBits: u32,
  from: usize,
  to: usize,
  cache: usize,
  baseBytes: f64,
  expected: f64,
  out: usize,
): u32 {
  const size = <u64>baseBytes;
  if (size < COARSE_WINDOW) return 0;
  const last = size - COARSE_WINDOW;
  let diagonal = <u64>expected - from;
  let count: u32 = 0;
  let covered = from;
  let i = from;
  while (i + COARSE_WINDOW <= to) {
    let source = <u64>i + diagonal;
    const follows = source <= last && baseEqual32(cache, source, i);
    if (!follows) {
      source = NOWHERE;
      const stop = min(i + (i < covered + CLOSE_BYTES ? CLOSE_STEP : WIDE_STEP), to - COARSE_WINDOW + 1);
      for (; i < stop; i++) {
        const bit = filterBit(shift, i);
        if (!((load<u32>(filter + ((<usize>bit >> 5) << 2)) >> (bit & 31)) & 1)) continue;
        if (isRun(i)) {
          // No anchor is one; the diagonal is tried again where it ends.
          const further = <usize>runLength(i, to) - COARSE_WINDOW;
          if (further == 0) continue;
          i += further;
          break;
        }
        source = findWindow(table, shift, tagBits, strideBits, i, cache);
        if (source != NOWHERE) break;
      }
      if (source == NOWHERE) continue;
    }
    const ahead = aheadOf(cache, source, i, to, size);
    const back = baseBackward(cache, source, i, <u32>min<u64>(i - covered, source));
    if (back + ahead < FOLLOWED_MIN) {
      i += ahead;
      continue;
    }
    putMatch(out, i - back, back + ahead, <f64>(source - back));
    out += MATCH_BYTES;
    count++;
    offerRuns(runs, coarseBits, i - back, source - back, back + ahead);
    diagonal = source - i;
    i += ahead;
    covered = i;
  }
  return count;
}
