// Which of the matches to take: the choice that costs least, in estimated bytes of
// the delta after compression. Costs are in 1/16 byte.
import { baseOffset } from './held';
import { MATCH_BYTES, putMatch } from './matches';

const COST_UNIT: u32 = 16;

/** Adds the bytes of [from, to) to 256 counters of 32 bits. */
export function countBytes(counts: usize, from: usize, to: usize): void {
  for (let i = from; i < to; i++) {
    const counter = counts + ((<usize>load<u8>(i)) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
}

/** log2 in 1/256, the mantissa taken as linear (at most 0.09 too small). */
// @ts-ignore: decorator
@inline
function log2(x: u32): u32 {
  const e = 31 - clz<u32>(x);
  return (e << 8) + ((e >= 8 ? x >> (e - 8) : x << (8 - e)) & 0xff);
}

/**
 * What a literal byte costs, from the order-0 entropy of the bytes counted.
 *
 * A compressor with context does better than order 0 on what is regular, and no
 * better on what is random: hence the curve.
 */
export function literalCost(counts: usize): u32 {
  let total: u32 = 0;
  for (let b: usize = 0; b < 256; b++) total += load<u32>(counts + (b << 2));
  if (total == 0) return COST_UNIT;
  let bits: u64 = 0;
  const whole = log2(total);
  for (let b: usize = 0; b < 256; b++) {
    const count = load<u32>(counts + (b << 2));
    if (count) bits += <u64>count * (whole - log2(count));
  }
  const entropy = <u32>(bits / total); // 0 to 2048: 1/256 bit per byte
  const plain = entropy >> 8 < 5 ? (entropy * 9) >> 4 : 720 + ((entropy - 1280) * 1328) / 768;
  return max<u32>(2, min<u32>(COST_UNIT, (plain * COST_UNIT) / 2048));
}

/**
 * Chooses among the matches of a piece of the target and writes those taken.
 *
 * @param best (length, address) for each byte of the piece, see collectMatches; changed
 * @param costs room for 2 (size + 1) words
 * @param literal what a literal byte costs
 * @param literalHead what it costs to begin a literal
 * @param copy what a copy costs
 * @param from target address of the piece
 * @param pages, held the stretches of the base, see held.ts
 * @param out gets (target address u32, length u32, base offset f64) each
 * @returns how many
 */
export function chooseMatches(
  best: usize,
  size: u32,
  costs: usize,
  literal: u32,
  literalHead: u32,
  copy: u32,
  from: usize,
  pages: usize,
  held: usize,
  out: usize,
): u32 {
  // What is left of a match from its second byte on may reach further than what begins there.
  for (let i: usize = 0; i + 1 < size; i++) {
    const entry = best + (i << 3);
    const length = load<u32>(entry);
    if (length > load<u32>(entry, 8) + 1) {
      store<u32>(entry, length - 1, 8);
      store<u32>(entry, load<u32>(entry, 4) + 1, 12);
    }
  }
  // From the end: the cost of the rest when a literal is open, and when none is.
  store<u64>(costs + ((<usize>size) << 3), 0);
  for (let i = <isize>size - 1; i >= 0; i--) {
    const at = costs + ((<usize>i) << 3);
    const length = load<u32>(best + ((<usize>i) << 3));
    const insert = literal + load<u32>(at, 8);
    const take = length ? copy + load<u32>(costs + ((<usize>i + length) << 3), 4) : u32.MAX_VALUE;
    store<u32>(at, min(insert, take));
    store<u32>(at, min(insert + literalHead, take), 4);
  }
  let count: u32 = 0;
  // What a literal byte costs on top here: nothing when a literal is open.
  let open = literalHead;
  for (let i: usize = 0; i < size;) {
    const entry = best + (i << 3);
    const length = load<u32>(entry);
    const insert = literal + open + load<u32>(costs + (i << 3), 8);
    if (length && copy + load<u32>(costs + ((i + length) << 3), 4) <= insert) {
      putMatch(out, from + i, length, baseOffset(pages, held, load<u32>(entry, 4)));
      out += MATCH_BYTES;
      count++;
      i += length;
      open = literalHead;
    } else {
      i++;
      open = 0;
    }
  }
  return count;
}
