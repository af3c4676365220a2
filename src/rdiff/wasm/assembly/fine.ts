// The second pass: short matches for what the first left uncovered, found through an
// index of 12-byte windows at a small stride of those stretches of the base that no
// long match uses, and along the diagonals of the matches around.
//
// Four entries per bucket, the lowest addresses first; a bucket belongs to one thread,
// which meets its windows in ascending order: the index is the same for any number.
import { matchBackward, matchForward } from './compare';
import { FINE_WINDOW, hash12 } from './hash';

const WAYS: usize = 4;

/** A match from which no look-up is done at the bytes that it covers: bounds the work per byte. */
const LONG_ENOUGH: u32 = 128;

/** A match that makes its diagonal worth trying for the bytes after it. */
const WORTH_FOLLOWING: u32 = 20;

/** How far a match from the index is extended backwards; a little more than any stride. */
const BACK_MAX: u32 = 64;

/** Enters the windows at from, from + stride, ... that end before `to` and whose bucket is of `part` out of `parts`. */
export function indexFine(table: usize, shift: u32, from: usize, to: usize, stride: u32, part: u32, parts: u32): void {
  for (let p = from; p + FINE_WINDOW <= to; p += stride) {
    const index = hash12(p) >> shift;
    if (<u32>((index * parts) >> (64 - shift)) != part) continue;
    const bucket = table + (<usize>index << 4);
    for (let way: usize = 0; way < WAYS; way++) {
      if (load<u32>(bucket + (way << 2)) == 0) {
        store<u32>(bucket + (way << 2), <u32>p);
        break;
      }
    }
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
 * Finds for each byte of the target piece [from, to) the longest match that begins there.
 *
 * @param best gets (length, base address) for each byte, as u32 each
 * @param diagonalA, diagonalB, diagonalC where matches are to be expected: base address
 *   minus target address, in wrapping arithmetic
 */
export function collectMatches(table: usize, shift: u32, from: usize, to: usize, base: usize, baseEnd: usize, diagonalA: usize, diagonalB: usize, diagonalC: usize, best: usize): void {
  memory.fill(best, 0, (to - from) << 3);
  if (baseEnd - base < FINE_WINDOW) return;
  const last = baseEnd - FINE_WINDOW;
  let a = diagonalA;
  let b = diagonalB;
  let c = diagonalC;
  for (let i = from; i + FINE_WINDOW <= to; ) {
    const head = load<u64>(i);
    const room = <u32>(to - i);
    let longest: u32 = 0;
    let source: usize = 0;
    let s = i + a;
    if (s >= base && s <= last && load<u64>(s) == head) {
      longest = 8 + matchForward(s + 8, i + 8, min(room, <u32>(baseEnd - s)) - 8);
      source = s;
    }
    s = i + b;
    if (b != a && s >= base && s <= last && load<u64>(s) == head) {
      const length: u32 = 8 + matchForward(s + 8, i + 8, min(room, <u32>(baseEnd - s)) - 8);
      if (length > longest) {
        longest = length;
        source = s;
      }
    }
    s = i + c;
    if (c != a && c != b && s >= base && s <= last && load<u64>(s) == head) {
      const length: u32 = 8 + matchForward(s + 8, i + 8, min(room, <u32>(baseEnd - s)) - 8);
      if (length > longest) {
        longest = length;
        source = s;
      }
    }
    if (longest < LONG_ENOUGH) {
      const bucket = table + (<usize>(hash12(i) >> shift) << 4);
      for (let way: usize = 0; way < WAYS; way++) {
        s = <usize>load<u32>(bucket + (way << 2));
        if (s == 0) break;
        if (load<u64>(s) != head || load<u32>(s, 8) != load<u32>(i, 8)) continue;
        const length = FINE_WINDOW + matchForward(s + FINE_WINDOW, i + FINE_WINDOW, min(room, <u32>(baseEnd - s)) - FINE_WINDOW);
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
