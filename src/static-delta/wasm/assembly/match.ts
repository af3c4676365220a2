// Where a file's bytes are found in its source, byte for byte or nearly so, and
// what bsdiff's patch for that looks like. test/reference/static-delta/match.ts
// says the same in the plainest way, and the tests compare the two.
//
// bsdiff sorts all suffixes of the source to find the longest match at each byte.
// Here a table of the source's 16-byte windows gives up to CHAIN places to compare,
// which is enough to find where to go on: the growing over differing bytes, which
// makes the regions long, is the same.
//
// Every function does a bounded piece of work and is called in a loop: a call that
// lasts would stay in the baseline compiler. Between the calls the state is in globals.
import { matchBackward, matchForward } from '../../../rdiff/wasm/assembly/compare';

/** Bytes of a window. */
const WINDOW: usize = 16;

/** How many places with the same hash are compared. */
const CHAIN: u32 = 8;

let old: usize = 0;
let oldBytes: u32 = 0;
let fresh: usize = 0;
let freshBytes: u32 = 0;
/** First place of each hash, counted in windows from 1; behind it the next place of each window. */
let heads: usize = 0;
let shift: u64 = 0;
let chain: usize = 0;
let strideBits: u32 = 0;
/** Where regions go: (place in the new file, place in the source, length), 12 bytes each. */
let regions: usize = 0;
let count: u32 = 0;
/** A match must have more equal bytes than where we are by this much, or leaving does not pay. */
let gain: u32 = 0;
/** The next byte to look at. */
let at: u32 = 0;
/** Where the region that is growing begins, in both files. */
let from: u32 = 0;
let source: u32 = 0;

/** How many regions there are so far. */
export function regionCount(): u32 {
  return count;
}

/**
 * Sets everything for a pair of files. The table of 2^tableBits words at `table` must be zero.
 *
 * @param gainBytes how many equal bytes a change of place must bring, at least
 */
export function begin(
  oldAt: usize, oldSize: u32, newAt: usize, newSize: u32,
  table: usize, tableBits: u32, next: usize, stride: u32, out: usize, gainBytes: u32,
): void {
  old = oldAt;
  oldBytes = oldSize;
  fresh = newAt;
  freshBytes = newSize;
  heads = table;
  shift = 64 - <u64>tableBits;
  chain = next;
  strideBits = stride;
  regions = out;
  gain = gainBytes;
  count = 0;
  at = 0;
  from = 0;
  source = 0;
}

// @ts-ignore: decorator
@inline
function slotOf(p: usize): usize {
  let hash = load<u64>(p) * 0x9e3779b97f4a7c15;
  hash = ((hash ^ (hash >> 29)) + load<u64>(p, 8)) * 0xbf58476d1ce4e5b9;
  return heads + (<usize>(hash >> shift) << 2);
}

/** Whether the window and the byte before it are one byte repeated: of a run only its begin is entered. */
// @ts-ignore: decorator
@inline
function isWithinRun(p: usize): bool {
  const head = load<u64>(p);
  return head == load<u64>(p, 8) && head == load<u64>(p - 1);
}

/**
 * Enters windows, the last ones first, so that the first come to the head of their chains.
 *
 * @param to the number of windows not entered yet
 * @param most how many to enter now
 * @returns how many are left
 */
export function index(to: u32, most: u32): u32 {
  const end = to > most ? to - most : 0;
  for (let window = to; window > end; window--) {
    const offset = (window - 1) << strideBits;
    const p = old + <usize>offset;
    if (offset > 0 && isWithinRun(p)) continue;
    const slot = slotOf(p);
    store<u32>(chain + (<usize>window << 2), load<u32>(slot));
    store<u32>(slot, window);
  }
  return end;
}

let foundAt: u32 = 0;

/** The longest match of what is at `place`, of at least a window; its place in the source goes to foundAt. */
function find(place: u32): u32 {
  const p = fresh + <usize>place;
  const left = freshBytes - place;
  let best: u32 = 0;
  let window = load<u32>(slotOf(p));
  for (let tries = CHAIN; window != 0 && tries != 0; tries--) {
    const offset = (window - 1) << strideBits;
    window = load<u32>(chain + (<usize>window << 2));
    const q = old + <usize>offset;
    if (load<u64>(q) != load<u64>(p)) continue;
    const most = min(left, oldBytes - offset);
    // A match that is not longer than the best so far shows at its end.
    if (best != 0 && (most <= best || load<u8>(q + best) != load<u8>(p + best))) continue;
    const length = matchForward(q, p, most);
    if (length <= best || length < <u32>WINDOW) continue;
    best = length;
    foundAt = offset;
  }
  return best;
}

/** How many of `length` bytes at `place` are equal where the region that grows has them. */
function scoreHere(place: u32, length: u32): u32 {
  const offset = place - from + source;
  if (offset >= oldBytes) return 0;
  const most = min(length, oldBytes - offset);
  const p = fresh + <usize>place;
  const q = old + <usize>offset;
  let equal: u32 = 0;
  let n: u32 = 0;
  for (; n + 16 <= most; n += 16) {
    equal += popcnt<u32>(i8x16.bitmask(i8x16.eq(v128.load(p + n), v128.load(q + n))));
  }
  for (; n < most; n++) equal += u32(load<u8>(p + n) == load<u8>(q + n));
  return equal;
}

/** How far the growing region reaches before `place`: as long as more bytes are equal than differ. */
function growForward(place: u32): u32 {
  const most = min(place - from, oldBytes - source);
  const p = fresh + <usize>from;
  const q = old + <usize>source;
  let score: i32 = 0;
  let best: i32 = 0;
  let length: u32 = 0;
  let n: u32 = 0;
  while (n < most) {
    const run = matchForward(p + n, q + n, most - n);
    if (run > 0) {
      n += run;
      score += <i32>run;
      if (score > best) {
        best = score;
        length = n;
      }
    }
    if (n < most) {
      score--;
      n++;
    }
  }
  return length;
}

/** How far a match at `place` and `offset` reaches back, in the same way. */
function growBackward(place: u32, offset: u32): u32 {
  const most = min(place - from, offset);
  const p = fresh + <usize>place;
  const q = old + <usize>offset;
  let score: i32 = 0;
  let best: i32 = 0;
  let length: u32 = 0;
  let n: u32 = 0;
  while (n < most) {
    const run = matchBackward(p - n, q - n, most - n);
    if (run > 0) {
      n += run;
      score += <i32>run;
      if (score > best) {
        best = score;
        length = n;
      }
    }
    if (n < most) {
      score--;
      n++;
    }
  }
  return length;
}

/** Where two regions overlap: how many of those bytes the first one keeps, so that most are equal. */
function share(overlap: u32, firstEnd: u32, secondStart: u32, secondSource: u32): u32 {
  const p = fresh + <usize>secondStart;
  const q = old + <usize>(firstEnd - overlap - from + source);
  const r = old + <usize>secondSource;
  let score: i32 = 0;
  let best: i32 = 0;
  let keeps: u32 = 0;
  for (let n: u32 = 0; n < overlap; n++) {
    const byte = load<u8>(p + n);
    score += i32(byte == load<u8>(q + n)) - i32(byte == load<u8>(r + n));
    if (score > best) {
      best = score;
      keeps = n + 1;
    }
  }
  return keeps;
}

// @ts-ignore: decorator
@inline
function emit(length: u32): void {
  const out = regions + <usize>count * 12;
  store<u32>(out, from);
  store<u32>(out, source, 4);
  store<u32>(out, length, 8);
  count++;
}

/** Ends the growing region where that from a match at `place` begins. */
function change(place: u32, offset: u32): void {
  let forward = growForward(place);
  let backward = growBackward(place, offset);
  if (from + forward > place - backward) {
    const overlap = from + forward - (place - backward);
    const keeps = share(overlap, from + forward, place - backward, offset - backward);
    forward += keeps - overlap;
    backward -= keeps;
  }
  emit(forward);
  from = place - backward;
  source = offset - backward;
}

/**
 * Looks at some more of the new file; ends the last region when it comes to the end of it.
 *
 * @param until where to stop, about
 * @returns where it stopped; the size of the new file when it is done
 */
export function scan(until: u32): u32 {
  const last: u32 = freshBytes < <u32>WINDOW || oldBytes < <u32>WINDOW ? 0 : freshBytes - <u32>WINDOW + 1;
  const stop = min(until, last);
  while (at < stop) {
    const offset = at - from + source;
    if (offset < oldBytes) {
      const run = matchForward(fresh + <usize>at, old + <usize>offset, min(freshBytes - at, oldBytes - offset));
      if (run >= <u32>WINDOW) {
        at += run;
        continue;
      }
    }
    const length = find(at);
    if (length == 0) {
      at++;
      continue;
    }
    if (length > scoreHere(at, length) + gain) change(at, foundAt);
    at += length;
  }
  if (at < last) return at;
  emit(growForward(freshBytes));
  return freshBytes;
}

// @ts-ignore: decorator
@inline
function storeNumber(out: usize, value: i64): void {
  store<u64>(out, value < 0 ? <u64>-value | 0x8000000000000000 : <u64>value);
}

/**
 * Writes bsdiff's form of some regions: for each how many bytes to add to the
 * source, how many to insert, how far to move in the source, and those bytes.
 *
 * @returns where it stopped writing
 */
export function encode(first: u32, end: u32, out: usize): usize {
  for (let one = first; one < end; one++) {
    const region = regions + <usize>one * 12;
    const place = load<u32>(region);
    const offset = load<u32>(region, 4);
    const length = load<u32>(region, 8);
    const isLast = one + 1 == count;
    const next = isLast ? freshBytes : load<u32>(region, 12);
    const inserted = next - place - length;
    storeNumber(out, length);
    storeNumber(out + 8, inserted);
    storeNumber(out + 16, isLast ? 0 : <i64>load<u32>(region, 16) - <i64>offset - <i64>length);
    out += 24;
    const p = fresh + <usize>place;
    const q = old + <usize>offset;
    let n: u32 = 0;
    for (; n + 16 <= length; n += 16) v128.store(out + n, i8x16.sub(v128.load(p + n), v128.load(q + n)));
    for (; n < length; n++) store<u8>(out + n, load<u8>(p + n) - load<u8>(q + n));
    out += <usize>length;
    memory.copy(out, p + length, inserted);
    out += <usize>inserted;
  }
  return out;
}
