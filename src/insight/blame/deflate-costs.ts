/**
 * What each byte that a gzip file makes takes there, to the bit: the symbols are read, their content is not made.
 *
 * @see RFC 1951, RFC 1952
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { PackedRun } from './packed-run.ts';

/** Bits that follow a symbol of a length, from 257 on, and what it stands for. @see RFC 1951, 3.2.5 */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTH_BASES = LENGTH_BITS.map((_, index) =>
  index === 28 ? 258 : LENGTH_BITS.slice(0, index).reduce((sum, bits) => sum + 2 ** bits, 3),
);
/** Bits that follow a symbol of a distance. */
const DISTANCE_BITS = Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1));
/** The order in which the lengths of the code for lengths come. @see RFC 1951, 3.2.7 */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const MOST_CODE_BITS = 15;
const END_OF_BLOCK = 256;
const LONGEST_MATCH = 258;

/** Bytes of a run: what comes between two symbols (tables, headers) is shared by one run, evenly. */
const RUN_BYTES = 32 * 1024;

/** Codes by their next bits: `symbol << 4 | bits`; 0 for bits that no code has. */
interface CodeTable {
  mask: number;
  entries: Uint16Array;
}

/**
 * The runs of a gzip file, whose output follows one another.
 *
 * @param damaged the error for a file that is not whole
 * @throws what `damaged` makes; a system error
 */
export function* deflateCosts(path: string, damaged: () => Error): Generator<PackedRun, void, undefined> {
  const input = new BitInput(path, damaged);
  try {
    const runs = new RunMaker(input);
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

function* storedBlock(input: BitInput, runs: RunMaker, damaged: () => Error): Generator<PackedRun> {
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
  runs: RunMaker,
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

/** A canonical code by its lengths; the first bit of a code is the lowest. @see RFC 1951, 3.2.2 */
function tableOf(lengths: Uint8Array): CodeTable {
  const width = Math.max(1, ...lengths);
  const counts = new Uint16Array(MOST_CODE_BITS + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const next = new Uint32Array(MOST_CODE_BITS + 2);
  for (let length = 1; length <= MOST_CODE_BITS; length += 1)
    next[length + 1] = ((next[length] ?? 0) + (counts[length] ?? 0)) << 1;
  const entries = new Uint16Array(2 ** width);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const code = next[length] ?? 0;
    next[length] = code + 1;
    for (let at = reversed(code, length); at < entries.length; at += 2 ** length) entries[at] = (symbol << 4) | length;
  }
  return { mask: 2 ** width - 1, entries };
}

function reversed(code: number, bits: number): number {
  let out = 0;
  for (let at = 0; at < bits; at += 1) out |= ((code >> at) & 1) << (bits - 1 - at);
  return out;
}

const READ_BYTES = 256 * 1024;

/** A file as bits, the lowest of each byte first. */
class BitInput {
  readonly #fd: number;
  readonly #damaged: () => Error;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #at = 0;
  #end = 0;
  /** Where the buffer ends in the file. */
  #bufferEnd = 0;
  #hold = 0;
  #held = 0;

  constructor(path: string, damaged: () => Error) {
    this.#fd = openSync(path, 'r');
    this.#damaged = damaged;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Bits that were taken. */
  get bit(): number {
    return 8 * (this.#bufferEnd - this.#end + this.#at) - this.#held;
  }

  get isAtEnd(): boolean {
    return this.#held === 0 && this.#at === this.#end && !this.#read();
  }

  /** At most 16 bits. */
  take(bits: number): number {
    if (this.#held < bits) this.#fill(bits);
    if (this.#held < bits) throw this.#damaged();
    const value = this.#hold & ((1 << bits) - 1);
    this.#hold >>>= bits;
    this.#held -= bits;
    return value;
  }

  code({ mask, entries }: CodeTable): number {
    if (this.#held < MOST_CODE_BITS) this.#fill(MOST_CODE_BITS);
    const entry = entries[this.#hold & mask] ?? 0;
    const bits = entry & 15;
    if (bits === 0 || bits > this.#held) throw this.#damaged();
    this.#hold >>>= bits;
    this.#held -= bits;
    return entry >> 4;
  }

  /** To the next whole byte. */
  align(): void {
    this.take(this.#held % 8);
  }

  skipBytes(count: number): void {
    for (let left = count; left > 0; left -= 1) this.take(8);
  }

  /** Fewer bits at the end of the file. */
  #fill(bits: number): void {
    while (this.#held < bits && (this.#at < this.#end || this.#read())) {
      this.#hold |= (this.#buffer[this.#at] ?? 0) << this.#held;
      this.#at += 1;
      this.#held += 8;
    }
  }

  #read(): boolean {
    const got = readSync(this.#fd, this.#buffer, 0, READ_BYTES, this.#bufferEnd);
    this.#at = 0;
    this.#end = got;
    this.#bufferEnd += got;
    return got > 0;
  }
}

/** Gathers what symbols make and take. */
class RunMaker {
  readonly #input: BitInput;
  #ends = new Float64Array(RUN_BYTES + LONGEST_MATCH + 1);
  #bytes = 0;
  /** Bits of symbols alone. */
  #bits = 0;
  #startBit = 0;
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
    const bits = this.#input.bit - this.#symbolBit;
    for (let at = 1; at <= outBytes; at += 1) this.#ends[this.#bytes + at] = this.#bits + (bits * at) / outBytes;
    this.#bytes += outBytes;
    this.#bits += bits;
    return this.#bytes >= RUN_BYTES;
  }

  take(): PackedRun {
    const bit = this.#input.bit;
    const outBytes = this.#bytes;
    const between = bit - this.#startBit - this.#bits;
    const ends = this.#ends.subarray(0, outBytes + 1);
    ends[0] = 0;
    for (let at = 0; at <= outBytes; at += 1)
      ends[at] = (this.#startBit + (ends[at] ?? 0) + (between * at) / outBytes) / 8;
    this.#ends = new Float64Array(RUN_BYTES + LONGEST_MATCH + 1);
    this.#bytes = 0;
    this.#bits = 0;
    this.#startBit = bit;
    return { outBytes, placeOf: (byte) => ends[byte] ?? 0 };
  }

  *finish(): Generator<PackedRun> {
    if (this.#bytes > 0) yield this.take();
  }
}
