// The first pass: long matches, found through an index of 32-byte windows of the
// whole base at a stride.
//
// A bucket holds one address, whose low bits, which are 0 since windows start at
// multiples of 256, are a tag of the hash: only one look-up in 256 then reads the base
// in vain. It is the lowest of those that fell into it, whatever the
// order in which threads came by: so the index is the same for any number of them.
//
// One probe per target byte, and every extension ends in a match that covers what
// it compared: the pass is linear whatever the bytes are.
import { equal32, matchBackward, matchForward } from './compare';
import { COARSE_WINDOW, hash32 } from './hash';

// Windows of one byte repeated are kept out of the table, where one of them would stand
// for all: the first run of zeros in the base may be short, and a long one in the target
// would be made of it by thousands of copies. For each byte value the longest run is kept
// instead, of equals the lowest: length << 32 | ~address, the largest such number.

/** A run shorter than this is left to the second pass: as a literal it compresses to less than a copy. */
const RUN_MIN: u32 = 128;

// @ts-ignore: decorator
@inline
function isRun(p: usize): bool {
  const head = load<u64>(p);
  if (head != load<u64>(p, 8)) return false;
  const all = i8x16.splat(<i8>head);
  return !v128.any_true(v128.or(v128.xor(v128.load(p), all), v128.xor(v128.load(p, 16), all)));
}

function offerRun(runs: usize, p: usize, length: u32): void {
  const cell = runs + (<usize>load<u8>(p) << 3);
  const run = (<u64>length << 32) | <u64>~<u32>p;
  let held = atomic.load<u64>(cell);
  while (run > held) {
    const found = atomic.cmpxchg<u64>(cell, held, run);
    if (found == held) break;
    held = found;
  }
}

/** What a window's entry holds below its address. */
const TAG_MASK: u32 = 0xff;

/** A look-up at every third byte: odd, so that a match of 3 times the stride is certainly met; what is shorter the second pass finds. */
const PROBE_STEP: usize = 3;

// @ts-ignore: decorator
@inline
function tagOf(hash: u64): u32 {
  return <u32>(hash >> 16) & TAG_MASK;
}

/** Enters the windows at from, from + stride, ... that end before `to`; all multiples of 256. */
export function indexCoarse(table: usize, runs: usize, shift: u32, from: usize, to: usize, stride: u32): void {
  for (let p = from; p + COARSE_WINDOW <= to; p += stride) {
    if (isRun(p)) {
      const length = 1 + matchForward(p, p + 1, <u32>(to - p) - 1);
      offerRun(runs, p, length);
      p += max(length - (length % stride), stride) - stride;
      continue;
    }
    const hash = hash32(p);
    const slot = table + (<usize>(hash >> shift) << 2);
    const entry = <u32>p | tagOf(hash);
    let held = atomic.load<u32>(slot);
    while (held == 0 || held > entry) {
      const found = atomic.cmpxchg<u32>(slot, held, entry);
      if (found == held) break;
      held = found;
    }
  }
}

/** Where in the base the window at `i` is, as far as the index knows; 0 where it does not. */
// @ts-ignore: decorator
@inline
function find(table: usize, runs: usize, shift: u32, i: usize, to: usize, baseEnd: usize): usize {
  if (isRun(i)) {
    const run = load<u64>(runs + (<usize>load<u8>(i) << 3));
    const source = <usize>~<u32>run;
    return run != 0 && matchForward(source, i, min(RUN_MIN, min(<u32>(to - i), <u32>(baseEnd - source)))) == RUN_MIN ? source : 0;
  }
  const hash = hash32(i);
  const entry = load<u32>(table + (<usize>(hash >> shift) << 2));
  const source = <usize>(entry & ~TAG_MASK);
  return entry != 0 && (entry & TAG_MASK) == tagOf(hash) && equal32(source, i) ? source : 0;
}

/**
 * Finds matches of at least 32 bytes between the target bytes [from, to) and the
 * base [base, baseEnd), in order and not overlapping.
 *
 * @param diagonal where a match is to be expected: base address minus target address, in
 *   wrapping arithmetic
 * @param out gets (target address, base address, length) as u32 each
 * @returns how many
 */
export function scanCoarse(table: usize, runs: usize, shift: u32, from: usize, to: usize, base: usize, baseEnd: usize, diagonal: usize, out: usize): u32 {
  if (baseEnd - base < COARSE_WINDOW) return 0;
  const last = baseEnd - COARSE_WINDOW;
  let count: u32 = 0;
  let covered = from;
  let i = from;
  while (i + COARSE_WINDOW <= to) {
    let source = i + diagonal;
    if (source < base || source > last || !equal32(source, i)) {
      source = find(table, runs, shift, i, to, baseEnd);
      if (source == 0) {
        i += PROBE_STEP;
        continue;
      }
    }
    const ahead = COARSE_WINDOW + matchForward(source + COARSE_WINDOW, i + COARSE_WINDOW, <u32>min(to - i, baseEnd - source) - COARSE_WINDOW);
    const back = matchBackward(source, i, <u32>min(i - covered, source - base));
    store<u32>(out, <u32>(i - back));
    store<u32>(out, <u32>(source - back), 4);
    store<u32>(out, back + ahead, 8);
    out += 12;
    count++;
    diagonal = source - i;
    i += ahead;
    covered = i;
  }
  return count;
}
