// The first pass: long matches, found through an index of 32-byte windows of the
// whole base at a stride.
//
// One probe per target byte, and every extension ends in a match that covers what
// it compared: the pass is linear whatever the bytes are.
import { baseBackward, baseEqual32, baseForward } from './base';
import { COARSE_WINDOW, hash32 } from './hash';
import { MATCH_BYTES, putMatch } from './matches';
import { NOWHERE, aheadOf, bucketOf, enterWindow, findWindow, isRun, offerRun, runCell, runLength } from './windows';

/** A run shorter than this is left to the second pass: as a literal it compresses to less than a copy. */
const RUN_MIN: u32 = 128;

/** A match that the index gave and that is shorter is left to the second pass, which weighs it against others. */
const KEPT_MIN: u32 = 64;

/**
 * A look-up at every third byte: odd, so that a match of 3 times the stride is certainly met; what is shorter the
 * second pass finds.
 */
const PROBE_STEP: usize = 3;

/** Windows that are entered in one go: the hash and the number of each, 16 bytes. */
const BATCH: usize = 128;

/**
 * Enters the windows at from, from + stride, ... that end before `to`.
 *
 * @param shift 64 less the bits of the table's size in words
 * @param strideBits the stride is two to this power
 * @param number that of the window at `from`
 * @param scratch room for BATCH + 1 windows
 */
export function indexCoarse(
  table: usize,
  runs: usize,
  shift: u32,
  tagBits: u32,
  strideBits: u32,
  number: u32,
  from: usize,
  to: usize,
  scratch: usize,
): void {
  const stride: usize = 1 << (<usize>strideBits);
  for (let p = from; p + COARSE_WINDOW <= to;) {
    // Two loops, so that the misses of the first overlap: each locked instruction of the second waits for all before
    // it.
    let batch: usize = 0;
    let touched: u32 = 0;
    for (; batch < BATCH && p + COARSE_WINDOW <= to; p += stride, number++) {
      if (isRun(p)) {
        const length = runLength(p, to);
        offerRun(runCell(runs, p), number, length);
        const further = max(length >> strideBits, 1) - 1;
        number += further;
        p += (<usize>further) << (<usize>strideBits);
        continue;
      }
      const hash = hash32(p);
      store<u64>(scratch + (batch << 4), hash);
      store<u32>(scratch + (batch << 4), number, 8);
      touched ^= load<u32>(bucketOf(table, shift, hash));
      batch++;
    }
    store<u32>(scratch + (BATCH << 4), touched);
    for (let one: usize = 0; one < batch; one++)
      enterWindow(table, shift, tagBits, load<u64>(scratch + (one << 4)), load<u32>(scratch + (one << 4), 8));
  }
}

/** Where in the base the longest run is of the byte that is repeated at `i`, if that makes a match. */
// @ts-ignore: decorator
@inline
function findRun(runs: usize, strideBits: u32, i: usize, to: usize, cache: usize, baseBytes: u64): u64 {
  const run = load<u64>(runCell(runs, i));
  if (run == 0) return NOWHERE;
  const source = (<u64>(~(<u32>run) - 1)) << strideBits;
  return baseForward(cache, source, i, min(RUN_MIN, <u32>min<u64>(to - i, baseBytes - source))) == RUN_MIN
    ? source
    : NOWHERE;
}

/**
 * Finds matches of at least KEPT_MIN bytes between the target bytes [from, to) and the
 * base, in order and not overlapping; of at least 32 where the last one goes on after a
 * difference.
 *
 * @param cache this thread's blocks of the base
 * @param baseBytes size of the base
 * @param expected base offset where what is at `from` is expected
 * @param out gets (target address u32, length u32, base offset f64) each
 * @returns how many
 */
export function scanCoarse(
  table: usize,
  runs: usize,
  shift: u32,
  tagBits: u32,
  strideBits: u32,
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
      source = isRun(i)
        ? findRun(runs, strideBits, i, to, cache, size)
        : findWindow(table, shift, tagBits, strideBits, i, cache);
      if (source == NOWHERE) {
        i += PROBE_STEP;
        continue;
      }
    }
    const ahead = aheadOf(cache, source, i, to, size);
    const back = baseBackward(cache, source, i, <u32>min<u64>(i - covered, source));
    if (!follows && back + ahead < KEPT_MIN) {
      i += ahead;
      continue;
    }
    putMatch(out, i - back, back + ahead, <f64>(source - back));
    out += MATCH_BYTES;
    count++;
    diagonal = source - i;
    i += ahead;
    covered = i;
  }
  return count;
}
