/** Deltas written by hand, for tests of what reads them. */

/** A big-endian number of the given width; may be anything that fits, so also what no encoder writes. */
export function number(value: bigint | number, widthBytes: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes.subarray(8 - widthBytes);
}

export const MAGIC = number(0x72730236, 4);
export const END = Uint8Array.of(0);

const WIDTHS = [1, 2, 4, 8];

/** A copy with its numbers in the given widths. */
export function copy(
  offset: bigint | number,
  lengthBytes: bigint | number,
  offsetWidth = 8,
  lengthWidth = 8,
): Uint8Array {
  const opcode = 0x45 + 4 * WIDTHS.indexOf(offsetWidth) + WIDTHS.indexOf(lengthWidth);
  return Buffer.concat([Uint8Array.of(opcode), number(offset, offsetWidth), number(lengthBytes, lengthWidth)]);
}

/** A literal that says its length in the given width; 0 is within the command byte. */
export function literal(data: Uint8Array, widthBytes: number): Uint8Array {
  const head =
    widthBytes === 0
      ? Uint8Array.of(data.length)
      : Buffer.concat([Uint8Array.of(0x41 + WIDTHS.indexOf(widthBytes)), number(data.length, widthBytes)]);
  return Buffer.concat([head, data]);
}

/** A whole delta of these commands. */
export const delta = (...commands: Uint8Array[]): Uint8Array => Buffer.concat([MAGIC, ...commands, END]);
