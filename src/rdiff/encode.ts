/**
 * Writes the commands of a delta as bytes, each in the narrowest form that holds it.
 *
 * @see librsync doc/format.md; the numbers come from format.ts
 */
import { ARGUMENT_WIDTHS, DELTA_MAGIC, LITERAL_INLINE_MAX, OP_END, OP_LITERAL_N1, copyOpcode, widthIndexOf } from './format.ts';

/** Writes `value` big-endian in the width of that index; returns the offset after it. */
function putNumber(into: Buffer, at: number, value: number, widthIndex: 0 | 1 | 2 | 3): number {
  const width = ARGUMENT_WIDTHS[widthIndex];
  if (width < 8) return into.writeUIntBE(value, at, width);
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  return into.writeUInt32BE(value % 2 ** 32, at + 4);
}

/** Writes the delta's magic number; returns the offset after it. */
export const putMagic = (into: Buffer, at: number): number => into.writeUInt32BE(DELTA_MAGIC, at);

/** Writes the command that ends a delta; returns the offset after it. */
export const putEnd = (into: Buffer, at: number): number => into.writeUInt8(OP_END, at);

/**
 * Writes the head of a literal command; its data comes next.
 *
 * @param length 1 to 2^53 - 1 bytes
 * @returns the offset after it: at most 9 more than `at`
 */
export function putLiteralHead(into: Buffer, at: number, length: number): number {
  if (length <= LITERAL_INLINE_MAX) return into.writeUInt8(length, at);
  const width = widthIndexOf(length);
  return putNumber(into, into.writeUInt8(OP_LITERAL_N1 + width, at), length, width);
}

/**
 * Writes a copy command.
 *
 * @param offset in the base, 0 to 2^53 - 1
 * @param length 1 to 2^53 - 1 bytes
 * @returns the offset after it: at most COMMAND_MAX_BYTES more than `at`
 */
export function putCopy(into: Buffer, at: number, offset: number, length: number): number {
  const offsetWidth = widthIndexOf(offset);
  const lengthWidth = widthIndexOf(length);
  const afterOffset = putNumber(into, into.writeUInt8(copyOpcode(offsetWidth, lengthWidth), at), offset, offsetWidth);
  return putNumber(into, afterOffset, length, lengthWidth);
}
