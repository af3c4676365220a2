// The second pass: short matches for what the first left uncovered, found through an
// index of 12-byte windows at a small stride of those stretches of the base that no
// long match uses, and along the diagonals of the matches around.
//
// Most bytes of new content are nowhere in the base. What says so is a filter of 16
// bits per bucket, small enough for the cache, where the bucket would be a miss of the
// cache and of the TLB.
//
// A bucket is one word with three tags of 10 bits, none of them 0, and three addresses,
// lowest first. It belongs to one thread, which meets its windows in ascending order:
// the index is the same for any number of threads. What does not fit is left out.
import { matchBackward, matchForward } from './compare';
import { FINE_WINDOW, hash12 } from './hash';

const WAYS: usize = 3;
const TAG_BITS: usize = 10;
const TAG_MASK: u32 = 0x3ff;
/** One in each of the three tags. */
const TAG_ONES: u32 = 0x100401;

/** A match from which no look-up is done at the bytes that it covers: bounds the work per byte. */
const LONG_ENOUGH: u32 = 128;

/** A match that makes its diagonal worth trying for the bytes after it. */
const WORTH_FOLLOWING: u32 = 20;

/** How far a match from the index is extended backwards; a little more than any stride. */
const BACK_MAX: u32 = 64;

/** Bytes that must agree on a diagonal before it is looked at. */
const DIAGONAL_MIN: u32 = 8;

// @ts-ignore: decorator
@inline
function tagOf(hash: u64): u32 {
  const tag = <u32>(hash >> 16) & TAG_MASK;
  return tag ? tag : 1;
}

/** The bit of the filter's word for a bucket that stands for this hash. */
// @ts-ignore: decorator
@inline
function filterBit(hash: u64): u32 {
  return <u32>1 << (<u32>(hash >> 26) & 15);
}

/** Enters the windows at from, from + stride, ... that end before `to` and whose bucket is of `part` out of `parts`. */
export function indexFine(table: usize, filter: usize, shift: u32, from: usize, to: usize, stride: u32, part: u32, parts: u32): void {
  for (let p = from; p + FINE_WINDOW <= to; p += stride) {
    const hash = hash12(p);
    const index = hash >> shift;
    if (<u32>((index * parts) >> (64 - shift)) != part) continue;
    const bucket = table + (<usize>index << 4);
    const tags = load<u32>(bucket);
    const way: usize = !(tags & TAG_MASK) ? 0 : !(tags & (TAG_MASK << 10)) ? 1 : !(tags >> 20) ? 2 : WAYS;
    if (way == WAYS) continue;
    store<u32>(bucket, tags | (tagOf(hash) << <u32>(way * TAG_BITS)));
    store<u32>(bucket + (way << 2), <u32>p, 4);
    const word = filter + (<usize>index << 1);
    store<u16>(word, <u16>(<u32>load<u16>(word) | filterBit(hash)));
  }
}

/**
 * For each of the bytes at [from, end) whether the index may have its window. A loop
 * of its own, since its misses of the cache then overlap.
 */
function lookUp(filter: usize, shift: u32, from: usize, end: usize, hits: usize): void {
  for (let i = from; i < end; i++) {
    const hash = hash12(i);
    const word = <u32>load<u16>(filter + (<usize>(hash >> shift) << 1));
    store<u8>(hits + (i - from), <u8>((word & filterBit(hash)) != 0));
  }
}

/** Keeps a match that begins at entry `at` when it is the longest there. Entries: length, source. */
// @ts-ignore: decorator
@inline
function offer(best: usize, at: usize, length: u32, source: usize): void {
  const entry = best + (at << 3);
  if (length > load<u32>(entry)) {
    store<u32>(entry, length);
    store<u32>(entry, <u32>source, 4);
  }
}

/** Bytes that agree between `i` and `s`, whose first eight are `head`; 0 when these do not, or lie outside. */
// @ts-ignore: decorator
@inline
function along(s: usize, i: usize, head: u64, room: u32, base: usize, last: usize, baseEnd: usize): u32 {
  if (s < base || s > last || load<u64>(s) != head) return 0;
  return DIAGONAL_MIN + matchForward(s + DIAGONAL_MIN, i + DIAGONAL_MIN, min(room, <u32>(baseEnd - s)) - DIAGONAL_MIN);
}

/**
 * Finds for each byte of the target piece [from, to) the longest match that begins there.
 *
 * @param hits room for a byte for each byte
 * @param best gets (length, base address) for each byte, as u32 each
 * @param diagonalA, diagonalB, diagonalC where matches are to be expected: base address
 *   minus target address, in wrapping arithmetic
 */
export function collectMatches(table: usize, filter: usize, shift: u32, from: usize, to: usize, base: usize, baseEnd: usize, diagonalA: usize, diagonalB: usize, diagonalC: usize, hits: usize, best: usize): void {
  memory.fill(best, 0, (to - from) << 3);
  if (baseEnd - base < FINE_WINDOW || to - from < FINE_WINDOW) return;
  const last = baseEnd - FINE_WINDOW;
  const end = to - FINE_WINDOW + 1;
  lookUp(filter, shift, from, end, hits);
  let a = diagonalA;
  let b = diagonalB;
  let c = diagonalC;
  for (let i = from; i < end; ) {
    const head = load<u64>(i);
    const room = <u32>(to - i);
    let source = i + a;
    let longest: u32 = along(source, i, head, room, base, last, baseEnd);
    let length: u32 = b == a ? 0 : along(i + b, i, head, room, base, last, baseEnd);
    if (length > longest) {
      longest = length;
      source = i + b;
    }
    length = c == a || c == b ? 0 : along(i + c, i, head, room, base, last, baseEnd);
    if (length > longest) {
      longest = length;
      source = i + c;
    }
    if (load<u8>(hits + (i - from)) && longest < LONG_ENOUGH) {
      const hash = hash12(i);
      const bucket = table + (<usize>(hash >> shift) << 4);
      const differ = load<u32>(bucket) ^ (tagOf(hash) * TAG_ONES);
      for (let way: usize = 0; way < WAYS; way++) {
        if (differ & (TAG_MASK << <u32>(way * TAG_BITS))) continue;
        const s = <usize>load<u32>(bucket + (way << 2), 4);
        if (load<u64>(s) != head || load<u32>(s, 8) != load<u32>(i, 8)) continue;
        length = FINE_WINDOW + matchForward(s + FINE_WINDOW, i + FINE_WINDOW, min(room, <u32>(baseEnd - s)) - FINE_WINDOW);
        const back = matchBackward(s, i, min(BACK_MAX, min(<u32>(i - from), <u32>(s - base))));
        if (back) offer(best, i - from - back, length + back, s - back);
        if (length > longest) {
          longest = length;
          source = s;
        }
      }
    }
    if (longest == 0) {
      i++;
      continue;
    }
    offer(best, i - from, longest, source);
    const diagonal = source - i;
    if (longest >= WORTH_FOLLOWING && diagonal != a) {
      if (diagonal != b) c = b;
      b = a;
      a = diagonal;
    }
    i += longest >= LONG_ENOUGH ? <usize>longest : 1;
  }
}
