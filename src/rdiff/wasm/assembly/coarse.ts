// The first pass: long matches, found through an index of 32-byte windows of the
// whole base at a stride.
//
// A bucket is one word: the number of a window, counted from 1, and below it as many
// bits of the hash as the word has left, so that few look-ups read the base in vain.
// Of the windows that fall into a bucket it holds the first, whatever the order in
// which threads came by: so the index is the same for any number of them.
//
// One probe per target byte, and every extension ends in a match that covers what
// it compared: the pass is linear whatever the bytes are.
import { baseBackward, baseEqual32, baseForward } from './base';
import { matchForward } from './compare';
import { COARSE_WINDOW, hash32 } from './hash';

// Windows of one byte repeated are kept out of the table, where one of them would stand
// for all: the first run of zeros in the base may be short, and a long one in the target
// would be made of it by thousands of copies. For each byte value the longest run is kept
// instead, of equals the first: length << 32 | ~number, the largest such number.

/** A run shorter than this is left to the second pass: as a literal it compresses to less than a copy. */
const RUN_MIN: u32 = 128;

/** A match that the index gave and that is shorter is left to the second pass, which weighs it against others. */
const KEPT_MIN: u32 = 64;

/** Where there is nothing. */
const NOWHERE: u64 = u64.MAX_VALUE;

/**
 * A look-up at every third byte: odd, so that a match of 3 times the stride is certainly met; what is shorter the
 * second pass finds.
 */
const PROBE_STEP: usize = 3;

// @ts-ignore: decorator
@inline
export function isRun(p: usize): bool {
  const head = load<u64>(p);
  if (head != load<u64>(p, 8)) return false;
  const all = i8x16.splat(<i8>head);
  return !v128.any_true(v128.or(v128.xor(v128.load(p), all), v128.xor(v128.load(p, 16), all)));
}

export function offerRun(cell: usize, number: u32, length: u32): void {
  const run = ((<u64>length) << 32) | (<u64>~number);
  let held = atomic.load<u64>(cell);
  while (run > held) {
    const found = atomic.cmpxchg<u64>(cell, held, run);
    if (found == held) break;
    held = found;
  }
}

// @ts-ignore: decorator
@inline
export function tagOf(hash: u64, tagBits: u32): u32 {
  return (<u32>(hash >> 16)) & ((1 << tagBits) - 1);
}

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
        const length = 1 + matchForward(p, p + 1, <u32>(to - p) - 1);
        offerRun(runs + ((<usize>load<u8>(p)) << 3), number, length);
        const further = max(length >> strideBits, 1) - 1;
        number += further;
        p += (<usize>further) << (<usize>strideBits);
        continue;
      }
      const hash = hash32(p);
      store<u64>(scratch + (batch << 4), hash);
      store<u32>(scratch + (batch << 4), number, 8);
      touched ^= load<u32>(table + ((<usize>(hash >> shift)) << 2));
      batch++;
    }
    store<u32>(scratch + (BATCH << 4), touched);
    for (let one: usize = 0; one < batch; one++) {
      const hash = load<u64>(scratch + (one << 4));
      enter(
        table + ((<usize>(hash >> shift)) << 2),
        (load<u32>(scratch + (one << 4), 8) << tagBits) | tagOf(hash, tagBits),
      );
    }
  }
}

/** Leaves the lower entry in a bucket. */
// @ts-ignore: decorator
@inline
export function enter(bucket: usize, entry: u32): void {
  let held = atomic.load<u32>(bucket);
  while (held == 0 || held > entry) {
    const found = atomic.cmpxchg<u32>(bucket, held, entry);
    if (found == held) break;
    held = found;
  }
}

/** Where in the base the window at `i` is, as far as the index knows. */
// @ts-ignore: decorator
@inline
function find(
  table: usize,
  runs: usize,
  shift: u32,
  tagBits: u32,
  strideBits: u32,
  i: usize,
  to: usize,
  cache: usize,
  baseBytes: u64,
): u64 {
  if (isRun(i)) {
    const run = load<u64>(runs + ((<usize>load<u8>(i)) << 3));
    if (run == 0) return NOWHERE;
    const source = (<u64>(~(<u32>run) - 1)) << strideBits;
    return baseForward(cache, source, i, min(RUN_MIN, <u32>min<u64>(to - i, baseBytes - source))) == RUN_MIN
      ? source
      : NOWHERE;
  }
  const hash = hash32(i);
  const entry = load<u32>(table + ((<usize>(hash >> shift)) << 2));
  if (entry == 0 || (entry ^ tagOf(hash, tagBits)) & ((1 << tagBits) - 1)) return NOWHERE;
  const source = (<u64>((entry >> tagBits) - 1)) << strideBits;
  return baseEqual32(cache, source, i) ? source : NOWHERE;
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
      source = find(table, runs, shift, tagBits, strideBits, i, to, cache, size);
      if (source == NOWHERE) {
        i += PROBE_STEP;
        continue;
      }
    }
    const ahead =
      COARSE_WINDOW +
      baseForward(
        cache,
        source + COARSE_WINDOW,
        i + COARSE_WINDOW,
        <u32>min<u64>(to - i, size - source) - COARSE_WINDOW,
      );
    const back = baseBackward(cache, source, i, <u32>min<u64>(i - covered, source));
    if (!follows && back + ahead < KEPT_MIN) {
      i += ahead;
      continue;
    }
    store<u32>(out, <u32>(i - back));
    store<u32>(out, back + ahead, 4);
    store<f64>(out, <f64>(source - back), 8);
    out += 16;
    count++;
    diagonal = source - i;
    i += ahead;
    covered = i;
  }
  return count;
}
