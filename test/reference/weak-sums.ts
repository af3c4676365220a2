/**
 * librsync's two weak sums, a byte at a time: the reference that tests hold
 * wasm/assembly/weak-sums.ts against.
 *
 * @see librsync src/rabinkarp.h, src/rollsum.h (2.3.2)
 */

/** sum = sum * 0x08104225 + byte modulo 2^32, from 1 on. */
export function rabinkarp(data: Uint8Array): number {
  let sum = 1;
  for (const byte of data) sum = (Math.imul(sum, 0x08104225) + byte) >>> 0;
  return sum;
}

/** The sum of the bytes, each plus 31, in the low half; the sum of those sums in the high half. */
export function rollsum(data: Uint8Array): number {
  let low = 0;
  let high = 0;
  for (const byte of data) {
    low = (low + byte + 31) & 0xffff;
    high = (high + low) & 0xffff;
  }
  return ((high << 16) | low) >>> 0;
}
