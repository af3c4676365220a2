/** The tables by which a zstd block says its sequences. */

/** A table of states: the symbol of each, and how the next state is found. */
export interface StateTable {
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

export type TableName = keyof typeof DEFAULTS;
/** In the order in which a block has them. */
export const TABLE_NAMES: readonly TableName[] = ['literals', 'offsets', 'matches'];

const MOST_ACCURACY: Record<TableName, number> = { literals: 9, offsets: 8, matches: 9 };
const MOST_SYMBOL: Record<TableName, number> = { literals: 35, offsets: 31, matches: 52 };

/** So many bits from one on, the lowest of each byte first: at most 16. */
export function bitsAt(bytes: Uint8Array, bit: number, bits: number): number {
  const byte = bit >> 3;
  const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
  return (word >> (bit & 7)) & (2 ** bits - 1);
}

/** A table as it was read, and where what follows it begins. */
interface ReadTable {
  table: StateTable;
  endByte: number;
}

/**
 * Reads a table of a block.
 *
 * @param before that of the block before, which this one may use
 * @returns undefined where it is damaged
 * @see RFC 8878, 3.1.1.3.2.1: Symbol_Compression_Modes
 */
export function readTable(
  name: TableName,
  mode: number,
  block: Buffer,
  at: number,
  before: StateTable | undefined,
): ReadTable | undefined {
  if (mode === 3) return before === undefined ? undefined : { table: before, endByte: at };
  if (mode === 0) {
    const [accuracy, ...counts] = DEFAULTS[name];
    return { table: buildTable(accuracy, counts), endByte: at };
  }
  if (mode === 1) {
    const symbol = block[at];
    if (symbol === undefined || symbol > MOST_SYMBOL[name]) return undefined;
    const table = {
      accuracy: 0,
      symbols: Uint8Array.of(symbol),
      bits: new Uint8Array(1),
      bases: new Uint16Array(1),
    };
    return { table, endByte: at + 1 };
  }
  const read = readCounts(block, at, MOST_SYMBOL[name]);
  if (read === undefined || read.accuracy > MOST_ACCURACY[name]) return undefined;
  return { table: buildTable(read.accuracy, read.counts), endByte: read.endByte };
}

/** The distribution of a table. @see RFC 8878, 4.1.1 */
function readCounts(
  block: Buffer,
  startByte: number,
  mostSymbol: number,
): { accuracy: number; counts: number[]; endByte: number } | undefined {
  let bit = 8 * startByte;
  const peek = (bits: number): number => bitsAt(block, bit, bits);
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
