// The commands of a segment as bytes, as ../../encode.ts writes them; here, since there may be
// a million of them, and every thread can write those of its own segments.

import { MATCH_BYTES } from './matches';

/** OP_LITERAL_N1 and OP_COPY_N1_N1 of ../../format.ts. */
const OP_LITERAL_N1: u32 = 0x41;
const OP_COPY_N1_N1: u32 = 0x45;
const LITERAL_INLINE_MAX: u32 = 64;

/** A copy with offset and length in 8 bytes each, or the head of a literal. */
const COMMAND_MAX_BYTES: usize = 17;

/** Takes what lies at the beginning of the buffer. */
// @ts-ignore: decorator
@external("env", "flush")
declare function flush(bytes: u32): void;

// @ts-ignore: decorator
@inline
function widthIndexOf(value: u64): u32 {
  return <u32>(value > 0xff) + <u32>(value > 0xffff) + <u32>(value > 0xffffffff);
}

/** Writes `value` big-endian; returns the address after it. */
// @ts-ignore: decorator
@inline
function putNumber(at: usize, value: u64, widthIndex: u32): usize {
  const width: u32 = 1 << widthIndex;
  // Of eight bytes the last ones, moved to the front; what is behind them is written over.
  store<u64>(at, bswap<u64>(value << ((8 - width) << 3)));
  return at + width;
}

/** Where the first and the last copy of a segment go, and what is between them; f64 each. */
const RESULT_FIRST: usize = 0;
const RESULT_LAST: usize = 24;
const RESULT_COPIES: usize = 48;
const RESULT_LITERALS: usize = 56;
const RESULT_COPY_BYTES: usize = 64;
const RESULT_LITERAL_BYTES: usize = 72;

// @ts-ignore: decorator
@inline
function putRun(at: usize, target: usize, length: u32, base: u64): void {
  store<f64>(at, <f64>target);
  store<f64>(at, <f64>length, 8);
  store<f64>(at, <f64>base, 16);
}

/**
 * Writes what lies between the first and the last copy of a segment: these two may go on in
 * the segments around, so they are told and not written. Matches that go on in base and target
 * alike are one copy.
 *
 * @param matches (target address u32, length u32, base offset f64) each, in order, at least one
 * @param buffer gets the commands; emptied by `flush` whenever it is full, and at the end
 * @param room bytes of the buffer; SIMD may write eight bytes more
 * @param result gets target address, length and base offset of the first copy and of the last,
 *   and the numbers of copies, literals, copied bytes and literal bytes between them, f64 each
 */
export function encodeMatches(matches: usize, count: u32, buffer: usize, room: u32, result: usize): void {
  let target = <usize>load<u32>(matches);
  let length = load<u32>(matches, 4);
  let base = <u64>load<f64>(matches, 8);
  let runs: u32 = 0;
  let literals: u32 = 0;
  let copyBytes: u64 = 0;
  let literalBytes: u64 = 0;
  let out = buffer;
  const full = buffer + room - 2 * COMMAND_MAX_BYTES;
  const behind = matches + <usize>count * MATCH_BYTES;
  for (let match = matches + MATCH_BYTES; match < behind; match += MATCH_BYTES) {
    const next = <usize>load<u32>(match);
    const nextLength = load<u32>(match, 4);
    const nextBase = <u64>load<f64>(match, 8);
    const end = target + length;
    if (next == end && nextBase == base + length) {
      length += nextLength;
      continue;
    }
    if (out > full) {
      flush(<u32>(out - buffer));
      out = buffer;
    }
    if (runs == 0) putRun(result + RESULT_FIRST, target, length, base);
    else {
      const offsetWidth = widthIndexOf(base);
      const lengthWidth = widthIndexOf(length);
      store<u8>(out, <u8>(OP_COPY_N1_N1 + 4 * offsetWidth + lengthWidth));
      out = putNumber(putNumber(out + 1, base, offsetWidth), length, lengthWidth);
      copyBytes += length;
    }
    runs++;
    let left = <u32>(next - end);
    if (left) {
      literals++;
      literalBytes += left;
      if (left <= LITERAL_INLINE_MAX) store<u8>(out++, <u8>left);
      else {
        const width = widthIndexOf(left);
        store<u8>(out, <u8>(OP_LITERAL_N1 + width));
        out = putNumber(out + 1, left, width);
      }
      let from = end;
      while (left) {
        if (out >= full) {
          flush(<u32>(out - buffer));
          out = buffer;
        }
        const part = min(left, <u32>(full - out));
        memory.copy(out, from, part);
        out += part;
        from += part;
        left -= part;
      }
    }
    target = next;
    length = nextLength;
    base = nextBase;
  }
  if (out > buffer) flush(<u32>(out - buffer));
  if (runs == 0) putRun(result + RESULT_FIRST, target, length, base);
  putRun(result + RESULT_LAST, target, length, base);
  store<f64>(result + RESULT_COPIES, <f64>(runs ? runs - 1 : 0));
  store<f64>(result + RESULT_LITERALS, <f64>literals);
  store<f64>(result + RESULT_COPY_BYTES, <f64>copyBytes);
  store<f64>(result + RESULT_LITERAL_BYTES, <f64>literalBytes);
}
