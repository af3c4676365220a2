// The two weak sums of a signature's blocks. Both take the sum so far and give
// the next, so that a block may come in pieces.
//
// Reference: test/reference/weak-sums.ts. See librsync src/rabinkarp.h and src/rollsum.h (2.3.2).

/** The sum of no bytes. */
export const RABINKARP_SEED: u32 = 1;

/** librsync's multiplier M, and its powers modulo 2^32. */
const M1: u32 = 0x08104225;
const M2: u32 = M1 * M1;
const M4: u32 = M2 * M2;
const M8: u32 = M4 * M4;
const M16: u32 = M8 * M8;

@inline

function powers(scale: u32): v128 {
  let v = i32x4.splat(scale);
  v = i32x4.replace_lane(v, 0, scale * M2 * M1);
  v = i32x4.replace_lane(v, 1, scale * M2);
  return i32x4.replace_lane(v, 2, scale * M1);
}

/**
 * sum = sum * M + byte, over all bytes. Sixteen at a time: sum * M^16 + byte0 *
 * M^15 + ... + byte15, spread over the four lanes of a vector that are added up
 * at the end; all modulo 2^32, so the order does not matter.
 */
export function rabinkarp(p: usize, lengthBytes: u32, sum: u32): u32 {
  const end = p + lengthBytes;
  const wholeEnd = p + (lengthBytes & ~15);
  const step = i32x4.splat(M16);
  const c0 = powers(M8 * M4),
    c1 = powers(M8),
    c2 = powers(M4),
    c3 = powers(1);
  let lanes = i32x4.replace_lane(i32x4.splat(0), 0, sum);
  for (; p < wholeEnd; p += 16) {
    const bytes = v128.load(p);
    const low = i16x8.extend_low_i8x16_u(bytes),
      high = i16x8.extend_high_i8x16_u(bytes);
    const first = i32x4.add(
      i32x4.mul(i32x4.extend_low_i16x8_u(low), c0),
      i32x4.mul(i32x4.extend_high_i16x8_u(low), c1),
    );
    const second = i32x4.add(
      i32x4.mul(i32x4.extend_low_i16x8_u(high), c2),
      i32x4.mul(i32x4.extend_high_i16x8_u(high), c3),
    );
    lanes = i32x4.add(i32x4.mul(lanes, step), i32x4.add(first, second));
  }
  sum =
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3);
  for (; p < end; p++) sum = sum * M1 + load<u8>(p);
  return sum;
}

/** Added to every byte, so that zeros count. */
const CHAR_OFFSET: u32 = 31;

/** The old sum: two 16-bit sums, of the bytes and of the sums; the second in the high half. */
export function rollsum(p: usize, lengthBytes: u32, sum: u32): u32 {
  let low = sum & 0xffff,
    high = sum >> 16;
  for (const end = p + lengthBytes; p < end; p++) {
    low += <u32>load<u8>(p) + CHAR_OFFSET;
    high += low;
  }
  return (high << 16) | (low & 0xffff);
}
