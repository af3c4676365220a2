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
import { runEnd, runStart } from './held';

const WAYS: usize = 3;
const TAG_BITS: usize = 10;
const TAG_MASK: u32 = 0x3ff;
/** One in each of the three tags. */
const TAG_ONES: u32 = 0x100401;

/** A match from which no look-up is done at the bytes that it covers: bounds the work per byte. */
const LONG_ENOUGH: u32 = 64;

/** A match that makes its diagonal worth trying for the bytes after it. */
const WORTH_FOLLOWING: u32 = 20;

/** How far a match from the index is extended backwards; a little more than any stride. */
const BACK_MAX: u32 = 64;

/** Bytes that are looked up in one go. */
const LOOK_AHEAD: usize = 512;

/** So long after the last match content is likely to be new, and only every third byte is tried. */
const DESERT_AFTER: usize = 1024;

/** Odd: with any stride that is a power of two, every diagonal is still met, only later. */
const DESERT_STEP: usize = 3;

/** Windows that are entered in one go: hash and address each, 16 bytes. */
const BATCH: usize = 256;

/** Bytes that must agree on a diagonal before it is looked at. */
const DIAGONAL_MIN: u32 = 8;

// @ts-ignore: decorator
@inline
function tagOf(hash: u64): u32 {
  const tag = (<u32>(hash >> 16)) & TAG_MASK;
  return tag ? tag : 1;
}

/** The two bits of the filter's word for a bucket that stand for this hash. */
// @ts-ignore: decorator
@inline
function filterBits(hash: u64): u32 {
  return (u32(1) << (u32(hash >> 26) & 15)) | (u32(1) << (u32(hash >> 12) & 15));
}

/**
 * Enters the windows at from, from + stride, ... that end before `to` and whose bucket
 * is of `part` out of `parts`.
 *
 * @param scratch room for BATCH + 1 windows
 */
export function indexFine(
  table: usize,
  filter: usize,
  shift: u32,
  from: usize,
  to: usize,
  stride: u32,
  part: u32,
  parts: u32,
  scratch: usize,
): void {
  if (to - from < FINE_WINDOW) return;
  const last = to - FINE_WINDOW;
  let p = from;
  while (p <= last) {
    // Without a branch on whose bucket it is: that would be mispredicted for every second window.
    let batch: usize = 0;
    for (; batch < BATCH && p <= last; p += stride) {
      const hash = hash12(p);
      store<u64>(scratch + (batch << 4), hash);
      store<u32>(scratch + (batch << 4), <u32>p, 8);
      batch += <usize>(<u32>(((hash >> shift) * parts) >> (64 - shift)) == part);
    }
    // A loop of its own, so that misses overlap; what it has touched the next finds in the cache.
    let touched: u32 = 0;
    for (let one: usize = 0; one < batch; one++) {
      const index = <usize>(load<u64>(scratch + (one << 4)) >> shift);
      touched ^= load<u32>(table + (index << 4)) ^ load<u16>(filter + (index << 1));
    }
    store<u32>(scratch + (BATCH << 4), touched);
    for (let one: usize = 0; one < batch; one++)
      enter(table, filter, shift, load<u64>(scratch + (one << 4)), load<u32>(scratch + (one << 4), 8));
  }
}

/** Whether the window is one byte repeated: it would be found everywhere, and compresses to nothing. */
// @ts-ignore: decorator
@inline
function isRun(p: usize): bool {
  const head = load<u64>(p);
  return head == rotl<u64>(head, 8) && load<u32>(p, 8) == <u32>head;
}

// @ts-ignore: decorator
@inline
function enter(table: usize, filter: usize, shift: u32, hash: u64, p: usize): void {
  if (isRun(p)) return;
  const index = <usize>(hash >> shift);
  const bucket = table + (index << 4);
  const tags = load<u32>(bucket);
  const way: usize = !(tags & TAG_MASK) ? 0 : !(tags & (TAG_MASK << 10)) ? 1 : !(tags >> 20) ? 2 : WAYS;
  if (way == WAYS) return;
  store<u32>(bucket, tags | (tagOf(hash) << (<u32>(way * TAG_BITS))));
  store<u32>(bucket + (way << 2), <u32>p, 4);
  const word = filter + (index << 1);
  store<u16>(word, <u16>((<u32>load<u16>(word)) | filterBits(hash)));
}

/** Of the entries of a bucket whose bits are set, those that hold the window at `i`. */
// @ts-ignore: decorator
@inline
function verified(bucket: usize, mask: u32, i: usize): u32 {
  for (let way: usize = 0; way < WAYS; way++) {
    if (!(mask & (1 << (<u32>way)))) continue;
    const s = <usize>load<u32>(bucket + (way << 2), 4);
    const same = (<u32>(load<u64>(s) == load<u64>(i))) & (<u32>(load<u32>(s, 8) == load<u32>(i, 8)));
    mask ^= (same ^ 1) << (<u32>way);
  }
  return mask;
}

/**
 * For the bytes at from, from + step, ... below `end` which entries of their bucket
 * hold their window, as three bits. A loop of its own, since its misses of the cache
 * then overlap.
 */
function lookUp(table: usize, filter: usize, shift: u32, from: usize, end: usize, step: usize, hits: usize): void {
  for (let i = from; i < end; i += step, hits += step) {
    const hash = hash12(i);
    const index = <usize>(hash >> shift);
    const bits = filterBits(hash);
    let mask: u32 = 0;
    if (((<u32>load<u16>(filter + (index << 1))) & bits) == bits) {
      const bucket = table + (index << 4);
      const differ = load<u32>(bucket) ^ (tagOf(hash) * TAG_ONES);
      mask = (<u32>!(differ & TAG_MASK)) | ((<u32>!(differ & (TAG_MASK << 10))) << 1) | ((<u32>!(differ >> 20)) << 2);
      if (mask) mask = verified(bucket, mask, i);
    }
    store<u8>(hits, <u8>mask);
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

/**
 * Bytes that agree between `i`, whose first eight are `head`, and `s` in the run [start, end); 0 when these do not, or
 * lie outside.
 */
// @ts-ignore: decorator
@inline
function along(s: usize, i: usize, head: u64, room: u32, start: usize, end: usize): u32 {
  if (s < start || s > end - FINE_WINDOW || load<u64>(s) != head) return 0;
  return DIAGONAL_MIN + matchForward(s + DIAGONAL_MIN, i + DIAGONAL_MIN, min(room, <u32>(end - s)) - DIAGONAL_MIN);
}

/** A run in which nothing lies: for a diagonal that is not there. */
const NO_RUN: usize = 0xffffffff;

/**
 * Finds for each byte of the target piece [from, to) the longest match that begins there.
 *
 * @param pages, held the stretches of the base, see held.ts
 * @param before where what is at `from` is expected; 0 for nowhere
 * @param after where what is at `to` - 1 is expected; 0 for nowhere
 * @param hits room for a byte for each byte
 * @param best gets (length, address) for each byte, as u32 each
 */
export function collectMatches(
  table: usize,
  filter: usize,
  shift: u32,
  from: usize,
  to: usize,
  pages: usize,
  held: usize,
  before: usize,
  after: usize,
  hits: usize,
  best: usize,
): void {
  memory.fill(best, 0, (to - from) << 3);
  if (to - from < FINE_WINDOW) return;
  const end = to - FINE_WINDOW + 1;
  // The diagonals of the last matches, as address of the base minus address of the target, in
  // wrapping arithmetic; the run of each; and where the match along it ends that was found last.
  let a = before - from;
  let startA = before ? runStart(pages, held, before) : NO_RUN;
  let stopA = before ? runEnd(pages, held, before) : NO_RUN;
  let endA = from;
  let b = after - (to - 1);
  let startB = after ? runStart(pages, held, after) : NO_RUN;
  let stopB = after ? runEnd(pages, held, after) : NO_RUN;
  let endB = from;
  let c: usize = 0;
  let startC = NO_RUN;
  let stopC = NO_RUN;
  let endC = from;
  let step: usize = 1;
  let lookedUp = from;
  let matchedUntil = from;
  for (let i = from; i < end;) {
    if (i >= lookedUp) {
      step = i > matchedUntil + DESERT_AFTER ? DESERT_STEP : 1;
      lookedUp = min(end, i + LOOK_AHEAD);
      lookUp(table, filter, shift, i, lookedUp, step, hits + (i - from));
    }
    const head = load<u64>(i);
    const room = <u32>(to - i);
    // Within a match its rest is known; only at its end the diagonal is compared again.
    if (i >= endA) endA = i + along(i + a, i, head, room, startA, stopA);
    if (i >= endB && b != a) endB = i + along(i + b, i, head, room, startB, stopB);
    if (i >= endC && c != a && c != b) endC = i + along(i + c, i, head, room, startC, stopC);
    let farthest = endA;
    let source = i + a;
    if (endB > farthest) {
      farthest = endB;
      source = i + b;
    }
    if (endC > farthest) {
      farthest = endC;
      source = i + c;
    }
    let longest: u32 = farthest > i ? <u32>(farthest - i) : 0;
    const mask = load<u8>(hits + (i - from));
    if (mask && longest < LONG_ENOUGH) {
      const bucket = table + ((<usize>(hash12(i) >> shift)) << 4);
      for (let way: usize = 0; way < WAYS; way++) {
        if (!(mask & (1 << (<u8>way)))) continue;
        const s = <usize>load<u32>(bucket + (way << 2), 4);
        // What is on a diagonal at hand has been compared already.
        if (s - i == a || s - i == b || s - i == c) continue;
        const length: u32 =
          FINE_WINDOW +
          matchForward(s + FINE_WINDOW, i + FINE_WINDOW, min(room, <u32>(runEnd(pages, held, s) - s)) - FINE_WINDOW);
        const back = matchBackward(s, i, min(BACK_MAX, min(<u32>(i - from), <u32>(s - runStart(pages, held, s)))));
        if (back) offer(best, i - from - back, length + back, s - back);
        if (length > longest) {
          longest = length;
          source = s;
        }
      }
    }
    if (longest == 0) {
      i += step;
      continue;
    }
    offer(best, i - from, longest, source);
    const diagonal = source - i;
    if (longest >= WORTH_FOLLOWING && (diagonal != a || source < startA || source >= stopA)) {
      if (diagonal != a) {
        if (diagonal != b) {
          c = b;
          startC = startB;
          stopC = stopB;
          endC = endB;
        }
        b = a;
        startB = startA;
        stopB = stopA;
        endB = endA;
      }
      a = diagonal;
      startA = runStart(pages, held, source);
      stopA = runEnd(pages, held, source);
      endA = i + longest;
    }
    if (i + longest > matchedUntil) matchedUntil = i + longest;
    i += longest >= LONG_ENOUGH ? <usize>longest : 1;
    // What was skipped in a desert was never looked up.
    if (step != 1) lookedUp = i;
  }
}
