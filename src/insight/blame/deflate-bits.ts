/** A file as bits and as symbols of prefix codes, as deflate has them. */
import { closeSync, openSync, readSync } from 'node:fs';

/** The longest code. @see RFC 1951, 3.2.7 */
const MOST_CODE_BITS = 15;

/** Codes by their next bits: `symbol << 4 | bits`; 0 for bits that no code has. */
export interface CodeTable {
  mask: number;
  entries: Uint16Array;
}

/** A canonical code by its lengths; the first bit of a code is the lowest. @see RFC 1951, 3.2.2 */
export function tableOf(lengths: Uint8Array): CodeTable {
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
export class BitInput {
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
