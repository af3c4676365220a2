/** What the bytes take that a compressed zstd block makes: its literals and its matches. */

/** @see RFC 8878, 3.1.1.2.4: Block_Maximum_Size is never more */
export const MOST_BLOCK_BYTES = 128 * 1024;

/** A table of states: the symbol of each, and how the next state is found. */
interface StateTable {
  accuracy: number;
  symbols: Uint8Array;
  bits: Uint8Array;
  bases: Uint16Array;
}

/** @see RFC 8878, 3.1.1.3.2.2: default distributions */
const DEFAULTS = {
  literals: [
    6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
  ],
  offsets: [5, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  matches: [
    6, 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
} as const;

type TableName = keyof typeof DEFAULTS;
const TABLE_NAMES: readonly TableName[] = ['literals', 'offsets', 'matches'];

const MOST_ACCURACY: Record<TableName, number> = { literals: 9, offsets: 8, matches: 9 };
const MOST_SYMBOL: Record<TableName, number> = { literals: 35, offsets: 31, matches: 52 };

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
   * @param block the content of a compressed block
   * @returns for each byte that it makes, and for its end, what those before it take, in bytes and parts of them;
   *   headers and tables are not in it
   */
  costsOf(block: Buffer): Float64Array {
    const { literalBytes, storedBytes, endByte } = this.#literals(block);
    const out = new CostList(this.#corrupt);
    const literal = literalBytes === 0 ? 0 : storedBytes / literalBytes;
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
    if (sequences === 0) {
      out.add(literalBytes, literalBytes * literal);
      return out.finish();
    }
    const modes = byte();
    for (const [index, name] of TABLE_NAMES.entries())
      at = this.#readTable(name, (modes >> (6 - 2 * index)) & 3, block, at);
    let left = literalBytes;
    for (const one of this.#sequences(block.subarray(at), sequences)) {
      left -= one.literalBytes;
      if (left < 0) throw this.#corrupt();
      out.add(one.literalBytes, one.literalBytes * literal);
      out.add(one.matchBytes, one.bits / 8);
    }
    out.add(left, left * literal);
    return out.finish();
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

  #readTable(name: TableName, mode: number, block: Buffer, at: number): number {
    if (mode === 3) {
      if (!this.#tables.has(name)) throw this.#corrupt();
      return at;
    }
    if (mode === 0) {
      const [accuracy, ...counts] = DEFAULTS[name];
      this.#tables.set(name, buildTable(accuracy, counts));
      return at;
    }
    if (mode === 1) {
      const symbol = block[at];
      if (symbol === undefined || symbol > MOST_SYMBOL[name]) throw this.#corrupt();
      this.#tables.set(name, {
        accuracy: 0,
        symbols: Uint8Array.of(symbol),
        bits: new Uint8Array(1),
        bases: new Uint16Array(1),
      });
      return at + 1;
    }
    const read = readCounts(block, at, MOST_SYMBOL[name]);
    if (read === undefined || read.accuracy > MOST_ACCURACY[name]) throw this.#corrupt();
    this.#tables.set(name, buildTable(read.accuracy, read.counts));
    return read.endByte;
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

/** What bytes take, one after the other. */
class CostList {
  readonly #corrupt: () => Error;
  readonly #costs = new Float64Array(MOST_BLOCK_BYTES + 1);
  #bytes = 0;

  constructor(corrupt: () => Error) {
    this.#corrupt = corrupt;
  }

  /** @param cost of all of them, which share it evenly */
  add(bytes: number, cost: number): void {
    if (this.#bytes + bytes > MOST_BLOCK_BYTES) throw this.#corrupt();
    const before = this.#costs[this.#bytes] ?? 0;
    for (let at = 1; at <= bytes; at += 1) this.#costs[this.#bytes + at] = before + (cost * at) / bytes;
    this.#bytes += bytes;
  }

  finish(): Float64Array {
    return this.#costs.subarray(0, this.#bytes + 1);
  }
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
    const byte = this.#at >> 3;
    const word =
      (this.#stream[byte] ?? 0) | ((this.#stream[byte + 1] ?? 0) << 8) | ((this.#stream[byte + 2] ?? 0) << 16);
    return (word >> (this.#at & 7)) & (2 ** bits - 1);
  }
}

/** The distribution of a table. @see RFC 8878, 4.1.1 */
function readCounts(
  block: Buffer,
  startByte: number,
  mostSymbol: number,
): { accuracy: number; counts: number[]; endByte: number } | undefined {
  let bit = 8 * startByte;
  const peek = (bits: number): number => {
    const byte = bit >> 3;
    const word = (block[byte] ?? 0) | ((block[byte + 1] ?? 0) << 8) | ((block[byte + 2] ?? 0) << 16);
    return (word >> (bit & 7)) & (2 ** bits - 1);
  };
  const accuracy = peek(4) + 5;
  bit += 4;
  if (accuracy > 9) return undefined;
  const counts: number[] = [];
  let remaining = 2 ** accuracy + 1;
  let threshold = 2 ** accuracy;
  let width = accuracy + 1;
  while (remaining > 1 && counts.length <= mostSymbol) {
    const most = 2 * threshold - 1 - remaining;
    let value = peek(width - 1);
    if (value < most) bit += width - 1;
    else {
      value = peek(width);
      if (value >= threshold) value -= most;
      bit += width;
    }
    counts.push(value - 1);
    remaining -= Math.abs(value - 1);
    for (let repeat = value === 1 ? 3 : 0; repeat === 3;) {
      repeat = peek(2);
      bit += 2;
      if (counts.length + repeat > mostSymbol + 1) return undefined;
      for (let index = 0; index < repeat; index += 1) counts.push(0);
    }
    while (remaining < threshold) {
      width -= 1;
      threshold /= 2;
    }
  }
  const endByte = Math.ceil(bit / 8);
  return remaining === 1 && endByte <= block.length ? { accuracy, counts, endByte } : undefined;
}

/** @see RFC 8878, 4.1.1: from distribution to decoding table */
function buildTable(accuracy: number, counts: readonly number[]): StateTable {
  const size = 2 ** accuracy;
  const table: StateTable = {
    accuracy,
    symbols: new Uint8Array(size),
    bits: new Uint8Array(size),
    bases: new Uint16Array(size),
  };
  let high = size - 1;
  for (const [symbol, count] of counts.entries()) {
    if (count !== -1) continue;
    table.symbols[high] = symbol;
    high -= 1;
  }
  let place = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let index = 0; index < count; index += 1) {
      table.symbols[place] = symbol;
      do place = (place + (size >> 1) + (size >> 3) + 3) & (size - 1);
      while (place > high);
    }
  }
  const next = counts.map((count) => Math.abs(count));
  for (let state = 0; state < size; state += 1) {
    const symbol = table.symbols[state] ?? 0;
    const number = next[symbol] ?? 1;
    next[symbol] = number + 1;
    const bits = accuracy - (31 - Math.clz32(number));
    table.bits[state] = bits;
    table.bases[state] = number * 2 ** bits - size;
  }
  return table;
}
