/**
 * What each byte that a gzip file makes takes there, to the bit: the symbols are read, their content is not made.
 *
 * @see RFC 1951, RFC 1952
 */
import { BitInput, tableOf, type CodeTable } from './deflate-bits.ts';
import { RunMaker, type PackedRun } from './packed-run.ts';

/** Bits that follow a symbol of a length, from 257 on, and what it stands for. @see RFC 1951, 3.2.5 */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTH_BASES = LENGTH_BITS.map((_, index) =>
  index === 28 ? 258 : LENGTH_BITS.slice(0, index).reduce((sum, bits) => sum + 2 ** bits, 3),
);
/** Bits that follow a symbol of a distance. */
const DISTANCE_BITS = Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1));
/** The order in which the lengths of the code for lengths come. @see RFC 1951, 3.2.7 */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_OF_BLOCK = 256;
const LONGEST_MATCH = 258;

/** Bytes of a run: what comes between two symbols (tables, headers) is shared by one run, evenly. */
const RUN_BYTES = 32 * 1024;

/**
 * The runs of a gzip file, whose output follows one another.
 *
 * @param damaged the error for a file that is not whole
 * @throws what `damaged` makes; a system error
 */
export function* deflateCosts(path: string, damaged: () => Error): Generator<PackedRun, void, undefined> {
  const input = new BitInput(path, damaged);
  try {
    const runs = new SymbolRuns(input);
    while (!input.isAtEnd) {
      skipHeader(input, damaged);
      for (let isLast = false; !isLast;) {
        isLast = input.take(1) === 1;
        const kind = input.take(2);
        if (kind === 0) yield* storedBlock(input, runs, damaged);
        else if (kind === 3) throw damaged();
        else yield* packedBlock(input, runs, kind === 1 ? fixedTables() : readTables(input, damaged), damaged);
      }
      input.align();
      // The checksum and the size.
      input.skipBytes(8);
    }
    yield* runs.finish();
  } finally {
    input.close();
  }
}

/** @see RFC 1952, 2.3 */
function skipHeader(input: BitInput, damaged: () => Error): void {
  if (input.take(16) !== 0x8b1f || input.take(8) !== 8) throw damaged();
  const flags = input.take(8);
  input.skipBytes(6);
  if ((flags & 4) !== 0) input.skipBytes(input.take(16));
  for (const flag of [8, 16]) if ((flags & flag) !== 0) while (input.take(8) !== 0);
  if ((flags & 2) !== 0) input.skipBytes(2);
}

function* storedBlock(input: BitInput, runs: SymbolRuns, damaged: () => Error): Generator<PackedRun> {
  input.align();
  const length = input.take(16);
  if ((length ^ 0xffff) !== input.take(16)) throw damaged();
  for (let left = length; left > 0;) {
    const step = Math.min(left, LONGEST_MATCH);
    runs.begin();
    input.skipBytes(step);
    left -= step;
    if (runs.add(step)) yield runs.take();
  }
}

function* packedBlock(
  input: BitInput,
  runs: SymbolRuns,
  [symbols, distances]: readonly [CodeTable, CodeTable],
  damaged: () => Error,
): Generator<PackedRun> {
  for (;;) {
    runs.begin();
    const symbol = input.code(symbols);
    if (symbol === END_OF_BLOCK) return;
    let length = 1;
    if (symbol > END_OF_BLOCK) {
      const base = LENGTH_BASES[symbol - END_OF_BLOCK - 1];
      if (base === undefined) throw damaged();
      length = base + input.take(LENGTH_BITS[symbol - END_OF_BLOCK - 1] ?? 0);
      const distanceBits = DISTANCE_BITS[input.code(distances)];
      if (distanceBits === undefined) throw damaged();
      input.take(distanceBits);
    }
    if (runs.add(length)) yield runs.take();
  }
}

let fixed: readonly [CodeTable, CodeTable] | undefined;

/** @see RFC 1951, 3.2.6 */
function fixedTables(): readonly [CodeTable, CodeTable] {
  const lengths = Uint8Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8));
  fixed ??= [tableOf(lengths), tableOf(new Uint8Array(30).fill(5))];
  return fixed;
}

/** @see RFC 1951, 3.2.7 */
function readTables(input: BitInput, damaged: () => Error): [CodeTable, CodeTable] {
  const symbols = input.take(5) + 257;
  const distances = input.take(5) + 1;
  const given = input.take(4) + 4;
  const ofLengths = new Uint8Array(19);
  for (const symbol of ORDER.slice(0, given)) ofLengths[symbol] = input.take(3);
  const table = tableOf(ofLengths);
  const lengths = new Uint8Array(symbols + distances);
  for (let at = 0; at < lengths.length;) {
    const symbol = input.code(table);
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    if (symbol > 18 || (symbol === 16 && at === 0)) throw damaged();
    const length = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const repeat = symbol === 16 ? 3 + input.take(2) : symbol === 17 ? 3 + input.take(3) : 11 + input.take(7);
    if (at + repeat > lengths.length) throw damaged();
    lengths.fill(length, at, at + repeat);
    at += repeat;
  }
  return [tableOf(lengths.subarray(0, symbols)), tableOf(lengths.subarray(symbols))];
}

/** Gathers what symbols make and take. */
class SymbolRuns {
  readonly #input: BitInput;
  readonly #run = new RunMaker(RUN_BYTES + LONGEST_MATCH);
  #runBit = 0;
  #symbolBit = 0;

  constructor(input: BitInput) {
    this.#input = input;
  }

  /** A symbol begins. */
  begin(): void {
    this.#symbolBit = this.#input.bit;
  }

  /** The symbol has ended. @returns whether the run is to be taken */
  add(outBytes: number): boolean {
    this.#run.add(outBytes, (this.#input.bit - this.#symbolBit) / 8);
    return this.#run.outBytes >= RUN_BYTES;
  }

  take(): PackedRun {
    const from = this.#runBit;
    this.#runBit = this.#input.bit;
    return this.#run.take(from / 8, this.#runBit / 8);
  }

  *finish(): Generator<PackedRun> {
    if (this.#run.outBytes > 0) yield this.take();
  }
}
