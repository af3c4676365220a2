/** What the bytes take that a compressed zstd block makes: its literals and its matches. */
import type { RunMaker } from './packed-run.ts';
import { TABLE_NAMES, bitsAt, readTable, type StateTable, type TableName } from './zstd-tables.ts';

/** @see RFC 8878, 3.1.1.2.4: Block_Maximum_Size is never more */
export const MOST_BLOCK_BYTES = 128 * 1024;

/** Bits that follow a code of a literal length, from code 16 on. @see RFC 8878, 3.1.1.3.2.1.1 */
const LITERAL_BITS = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
/** Bits that follow a code of a match length, from code 32 on; codes below stand for 3 bytes and more. */
const MATCH_BITS = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

const basesOf = (bits: readonly number[], first: number): number[] =>
  bits.map((_, index) => bits.slice(0, index).reduce((sum, one) => sum + 2 ** one, first));
const LITERAL_BASES = basesOf(LITERAL_BITS, 16);
const MATCH_BASES = basesOf(MATCH_BITS, 35);

/** Reads the blocks of one frame, in order: a block may use the tables of the one before. */
export class BlockCosts {
  readonly #corrupt: () => Error;
  readonly #tables = new Map<TableName, StateTable>();

  constructor(corrupt: () => Error) {
    this.#corrupt = corrupt;
  }

  /**
   * Adds what a block makes to a run; headers and tables are not in it.
   *
   * @param block the content of a compressed block
   */
  addTo(run: RunMaker, block: Buffer): void {
    const { literalBytes, storedBytes, endByte } = this.#literals(block);
    const literal = literalBytes === 0 ? 0 : storedBytes / literalBytes;
    const add = (bytes: number, cost: number): void => {
      if (run.outBytes + bytes > MOST_BLOCK_BYTES) throw this.#corrupt();
      run.add(bytes, cost);
    };
    let at = endByte;
    const byte = (): number => {
      const value = block[at];
      if (value === undefined) throw this.#corrupt();
      at += 1;
      return value;
    };
    let sequences = byte();
    if (sequences === 255) sequences = byte() + byte() * 256 + 0x7f00;
    else if (sequences >= 128) sequences = (sequences - 128) * 256 + byte();
    if (sequences === 0) return add(literalBytes, literalBytes * literal);
    const modes = byte();
    for (const [index, name] of TABLE_NAMES.entries()) {
      const read = readTable(name, (modes >> (6 - 2 * index)) & 3, block, at, this.#tables.get(name));
      if (read === undefined) throw this.#corrupt();
      this.#tables.set(name, read.table);
      at = read.endByte;
    }
    let left = literalBytes;
    for (const one of this.#sequences(block.subarray(at), sequences)) {
      left -= one.literalBytes;
      if (left < 0) throw this.#corrupt();
      add(one.literalBytes, one.literalBytes * literal);
      add(one.matchBytes, one.bits / 8);
    }
    add(left, left * literal);
  }

  /** @see RFC 8878, 3.1.1.3.1.1 */
  #literals(block: Buffer): { literalBytes: number; storedBytes: number; endByte: number } {
    if (block.length < 2) throw this.#corrupt();
    const kind = (block[0] ?? 0) & 3;
    const format = ((block[0] ?? 0) >> 2) & 3;
    const isPacked = kind >= 2;
    const headerBytes = isPacked ? Math.max(3, format + 2) : format === 1 ? 2 : format === 3 ? 3 : 1;
    if (block.length < headerBytes) throw this.#corrupt();
    const header = block.readUIntLE(0, headerBytes);
    if (!isPacked) {
      const literalBytes = Math.floor(header / (headerBytes === 1 ? 8 : 16));
      const storedBytes = kind === 1 ? 1 : literalBytes;
      return { literalBytes, storedBytes, endByte: headerBytes + storedBytes };
    }
    const sizeBits = format <= 1 ? 10 : format === 2 ? 14 : 18;
    const literalBytes = Math.floor(header / 16) % 2 ** sizeBits;
    const storedBytes = Math.floor(header / 2 ** (4 + sizeBits)) % 2 ** sizeBits;
    return { literalBytes, storedBytes, endByte: headerBytes + storedBytes };
  }

  *#sequences(stream: Buffer, sequences: number): Generator<Sequence, void, undefined> {
    const [literals, offsets, matches] = TABLE_NAMES.map((name) => this.#tables.get(name));
    const last = stream.at(-1);
    if (literals === undefined || offsets === undefined || matches === undefined || !last) throw this.#corrupt();
    const bits = new BackwardBits(stream);
    let literal = bits.take(literals.accuracy);
    let offset = bits.take(offsets.accuracy);
    let match = bits.take(matches.accuracy);
    for (let left = sequences; left > 0; left -= 1) {
      const before = bits.left;
      bits.skip(offsets.symbols[offset] ?? 0);
      const matchCode = matches.symbols[match] ?? 0;
      const matchBytes =
        matchCode < 32
          ? matchCode + 3
          : (MATCH_BASES[matchCode - 32] ?? 0) + bits.take(MATCH_BITS[matchCode - 32] ?? 0);
      const literalCode = literals.symbols[literal] ?? 0;
      const literalBytes =
        literalCode < 16
          ? literalCode
          : (LITERAL_BASES[literalCode - 16] ?? 0) + bits.take(LITERAL_BITS[literalCode - 16] ?? 0);
      if (left > 1) {
        literal = (literals.bases[literal] ?? 0) + bits.take(literals.bits[literal] ?? 0);
        match = (matches.bases[match] ?? 0) + bits.take(matches.bits[match] ?? 0);
        offset = (offsets.bases[offset] ?? 0) + bits.take(offsets.bits[offset] ?? 0);
      }
      if (bits.left < 0) throw this.#corrupt();
      yield { literalBytes, matchBytes, bits: before - bits.left };
    }
    if (bits.left !== 0) throw this.#corrupt();
  }
}

/** Literals, and a match after them. */
interface Sequence {
  literalBytes: number;
  matchBytes: number;
  /** What says both. */
  bits: number;
}

/** A stream that is read from its end: after the highest bit set of its last byte. */
class BackwardBits {
  readonly #stream: Buffer;
  #at: number;

  constructor(stream: Buffer) {
    this.#stream = stream;
    this.#at = 8 * stream.length - 1 - Math.clz32((stream.at(-1) ?? 1) << 24);
  }

  /** Below 0 when more was taken than there is. */
  get left(): number {
    return this.#at;
  }

  skip(bits: number): void {
    this.#at -= bits;
  }

  /** At most 16 bits. */
  take(bits: number): number {
    this.#at -= bits;
    if (this.#at < 0) return 0;
    return bitsAt(this.#stream, this.#at, bits);
  }
}
