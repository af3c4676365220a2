// Windows of the base at a stride, in a table: the index of the first pass, and the anchors
// of the one before it.
//
// A bucket is one word: the number of a window, counted from 1, and below it as many
// bits of the hash as the word has left, so that few look-ups read the base in vain.
// Of the windows that fall into a bucket it holds the first, whatever the order in
// which threads came by: so the index is the same for any number of them.
//
// Windows of one byte repeated are kept out of the table, where one of them would stand
// for all: the first run of zeros in the base may be short, and a long one in the target
// would be made of it by thousands of copies. For each byte value the longest run is kept
// instead, of equals the first: length << 32 | ~number, the largest such number.
import { baseEqual32, baseForward } from './base';
import { matchForward } from './compare';
import { COARSE_WINDOW, hash32 } from './hash';

/** Where there is nothing. */
export const NOWHERE: u64 = u64.MAX_VALUE;

// @ts-ignore: decorator
@inline
export function bucketOf(table: usize, shift: u32, hash: u64): usize {
  return table + ((<usize>(hash >> shift)) << 2);
}

// @ts-ignore: decorator
@inline
function tagOf(hash: u64, tagBits: u32): u32 {
  return (<u32>(hash >> 16)) & ((1 << tagBits) - 1);
}

/**
 * Enters a window, unless a bucket holds a lower one already.
 *
 * @param shift 64 less the bits of the table's size in words
 */
// @ts-ignore: decorator
@inline
export function enterWindow(table: usize, shift: u32, tagBits: u32, hash: u64, number: u32): void {
  const bucket = bucketOf(table, shift, hash);
  const entry = (number << tagBits) | tagOf(hash, tagBits);
  let held = atomic.load<u32>(bucket);
  while (held == 0 || held > entry) {
    const found = atomic.cmpxchg<u32>(bucket, held, entry);
    if (found == held) break;
    held = found;
  }
}

/** Where in the base the window at `i` is, as far as the table knows. */
// @ts-ignore: decorator
@inline
export function findWindow(table: usize, shift: u32, tagBits: u32, strideBits: u32, i: usize, cache: usize): u64 {
  const hash = hash32(i);
  const entry = load<u32>(bucketOf(table, shift, hash));
  if (entry == 0 || (entry ^ tagOf(hash, tagBits)) & ((1 << tagBits) - 1)) return NOWHERE;
  const source = (<u64>((entry >> tagBits) - 1)) << strideBits;
  return baseEqual32(cache, source, i) ? source : NOWHERE;
}

/** Bytes that agree from a window on that does: base offset `source` and target address `i`. */
// @ts-ignore: decorator
@inline
export function aheadOf(cache: usize, source: u64, i: usize, to: usize, baseBytes: u64): u32 {
  const max = <u32>min<u64>(to - i, baseBytes - source) - COARSE_WINDOW;
  return COARSE_WINDOW + baseForward(cache, source + COARSE_WINDOW, i + COARSE_WINDOW, max);
}

/** Whether the window at `p` is one byte repeated. */
// @ts-ignore: decorator
@inline
export function isRun(p: usize): bool {
  const head = load<u64>(p);
  if (head != load<u64>(p, 8)) return false;
  const all = i8x16.splat(<i8>head);
  return !v128.any_true(v128.or(v128.xor(v128.load(p), all), v128.xor(v128.load(p, 16), all)));
}

/** How long the byte at `p` repeats, at most up to `to`. */
// @ts-ignore: decorator
@inline
export function runLength(p: usize, to: usize): u32 {
  return 1 + matchForward(p, p + 1, <u32>(to - p) - 1);
}

/** The cell of the longest run of the byte at `p`. */
// @ts-ignore: decorator
@inline
export function runCell(runs: usize, p: usize): usize {
  return runs + ((<usize>load<u8>(p)) << 3);
}

/** Keeps a run that begins with the window of that number, when it is the longest of its byte. */
export function offerRun(cell: usize, number: u32, length: u32): void {
  const run = ((<u64>length) << 32) | (<u64>~number);
  let held = atomic.load<u64>(cell);
  while (run > held) {
    const found = atomic.cmpxchg<u64>(cell, held, run);
    if (found == held) break;
    held = found;
  }
}
