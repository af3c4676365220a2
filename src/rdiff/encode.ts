/**
 * Writes the commands of a delta as bytes, each in the narrowest form that holds it.
 *
 * @see librsync doc/format.md; the numbers come from format.ts
 */
import {
  ARGUMENT_WIDTHS,
  DELTA_MAGIC,
  LITERAL_INLINE_MAX,
  OP_END,
  OP_LITERAL_N1,
  copyOpcode,
  widthIndexOf,
} from './format.ts';

/** Writes `value` big-endian in the width of that index; returns the offset after it. */
function putNumber(into: Uint8Array, at: number, value: number, widthIndex: 0 | 1 | 2 | 3): number {
  let end = at;
  if (widthIndex === 3) end = putNumber(into, end, Math.floor(value / 2 ** 32), 2);
  const width = widthIndex === 3 ? 4 : ARGUMENT_WIDTHS[widthIndex];
  // Shifts count modulo 2^32, which is what is left of the upper half.
  for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) into[end++] = value >>> shift;
  return end;
}

/** Writes one byte; returns the offset after it. */
function putByte(into: Uint8Array, at: number, byte: number): number {
  into[at] = byte;
  return at + 1;
}

/** Writes the delta's magic number; returns the offset after it. */
export const putMagic = (into: Uint8Array, at: number): number => putNumber(into, at, DELTA_MAGIC, 2);

/** Writes the command that ends a delta; returns the offset after it. */
export const putEnd = (into: Uint8Array, at: number): number => putByte(into, at, OP_END);

/**
 * Writes the head of a literal command; its data comes next.
 *
 * @param length 1 to 2^53 - 1 bytes
 * @returns the offset after it: at most 9 more than `at`
 */
export function putLiteralHead(into: Uint8Array, at: number, length: number): number {
  if (length <= LITERAL_INLINE_MAX) return putByte(into, at, length);
  const width = widthIndexOf(length);
  return putNumber(into, putByte(into, at, OP_LITERAL_N1 + width), length, width);
}

/**
 * Writes a copy command.
 *
 * @param offset in the base, 0 to 2^53 - 1
 * @param length 1 to 2^53 - 1 bytes
 * @returns the offset after it: at most COMMAND_MAX_BYTES more than `at`
 */
export function putCopy(into: Uint8Array, at: number, offset: number, length: number): number {
  const offsetWidth = widthIndexOf(offset);
  const lengthWidth = widthIndexOf(length);
  const afterOffset = putNumber(into, putByte(into, at, copyOpcode(offsetWidth, lengthWidth)), offset, offsetWidth);
  return putNumber(into, afterOffset, length, lengthWidth);
}
