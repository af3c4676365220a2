/**
 * librsync's two file formats as constants and tables: what a signature and a
 * delta are made of. All integers are big-endian.
 *
 * @see librsync doc/format.md, src/prototab.c and src/librsync.h (2.3.2)
 */

/** First four bytes of a delta: `rs\x02\x36`, the only delta format there is. */
export const DELTA_MAGIC = 0x72730236;

/** Bytes of the magic number that every librsync file starts with. */
export const MAGIC_BYTES = 4;

/** A signature's header: magic, block length, strong sum length, four bytes each. */
export const SIGNATURE_HEADER_BYTES = 12;

/** Bytes of a block's weak sum; its strong sum follows. */
export const WEAK_SUM_BYTES = 4;

/** The strong sum of a block: BLAKE2b with 32 bytes of output, or MD4 for old readers. */
export type StrongSum = 'blake2' | 'md4';

/** The weak sum of a block: `rabinkarp` since librsync 2.2, `rollsum` before. */
export type WeakSum = 'rabinkarp' | 'rollsum';

/** One of the four kinds of signature. */
export interface SignatureKind {
  magic: number;
  strong: StrongSum;
  weak: WeakSum;
  /** The full length of the strong sum; a signature keeps its first bytes. */
  maxStrongBytes: number;
}

/** Every kind of signature; the last is what `rdiff signature` 2.3 writes by default. */
export const SIGNATURE_KINDS: readonly SignatureKind[] = [
  { magic: 0x72730136, strong: 'md4', weak: 'rollsum', maxStrongBytes: 16 },
  { magic: 0x72730137, strong: 'blake2', weak: 'rollsum', maxStrongBytes: 32 },
  { magic: 0x72730146, strong: 'md4', weak: 'rabinkarp', maxStrongBytes: 16 },
  { magic: 0x72730147, strong: 'blake2', weak: 'rabinkarp', maxStrongBytes: 32 },
];

/** Ends a delta; nothing may follow. */
export const OP_END = 0x00;

/** A literal of up to this length has its length as its command byte: 0x01 to 0x40. */
export const LITERAL_INLINE_MAX = 64;

/** Literal whose length follows in 1 byte; 0x42, 0x43, 0x44: in 2, 4, 8 bytes. */
export const OP_LITERAL_N1 = 0x41;

/** Copy with offset and length in 1 byte each; see {@link copyOpcode} for the other fifteen. */
export const OP_COPY_N1_N1 = 0x45;

/** The widest command: a copy with offset and length in 8 bytes each. */
export const COMMAND_MAX_BYTES = 17;

/** The widths in which a number can stand after a command byte, narrowest first. */
export const ARGUMENT_WIDTHS = [1, 2, 4, 8] as const;

/** Index into {@link ARGUMENT_WIDTHS} of the narrowest width that holds `value` (0 to 2^53 - 1). */
export function widthIndexOf(value: number): 0 | 1 | 2 | 3 {
  if (value <= 0xff) return 0;
  if (value <= 0xffff) return 1;
  return value <= 0xffffffff ? 2 : 3;
}

/** The command byte of a copy, from the {@link widthIndexOf} its offset and its length. */
export const copyOpcode = (offsetWidthIndex: number, lengthWidthIndex: number): number =>
  OP_COPY_N1_N1 + 4 * offsetWidthIndex + lengthWidthIndex;

/** What a command byte says of what follows it. */
export type CommandShape =
  | { kind: 'end' }
  /** `lengthBytes` follow as data at once when `lengthWidth` is 0; otherwise the length comes first. */
  | { kind: 'literal'; lengthBytes: number; lengthWidth: number }
  | { kind: 'copy'; offsetWidth: number; lengthWidth: number }
  /** 0x55 to 0xff: never written by any librsync; `rdiff patch` refuses them as corrupt. */
  | { kind: 'reserved' };

function shapeOf(opcode: number): CommandShape {
  if (opcode === OP_END) return { kind: 'end' };
  if (opcode <= LITERAL_INLINE_MAX) return { kind: 'literal', lengthBytes: opcode, lengthWidth: 0 };
  const literalWidth = ARGUMENT_WIDTHS[opcode - OP_LITERAL_N1];
  if (literalWidth !== undefined) return { kind: 'literal', lengthBytes: 0, lengthWidth: literalWidth };
  const copyIndex = opcode - OP_COPY_N1_N1;
  const offsetWidth = ARGUMENT_WIDTHS[copyIndex >> 2];
  const lengthWidth = ARGUMENT_WIDTHS[copyIndex & 3];
  return offsetWidth === undefined || lengthWidth === undefined
    ? { kind: 'reserved' }
    : { kind: 'copy', offsetWidth, lengthWidth };
}

/** The shape of each of the 256 command bytes. */
export const COMMANDS: readonly CommandShape[] = Array.from({ length: 256 }, (_, opcode) => shapeOf(opcode));
