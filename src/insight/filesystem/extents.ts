import type { ImageBytes } from './image-bytes.ts';
import type { Owner } from './owner.ts';

/** A range of an image's bytes with one owner. */
export interface Extent {
  startByte: number;
  endByte: number;
  owner: Owner;
}

const FREE: Owner = { kind: 'metadata', what: 'free space', inodes: [] };

/**
 * Collects ranges in any order. Where two overlap, the one that starts first has the bytes; of two that start alike the
 * one that came first, so that files which share their bytes are told as the first of them.
 */
export class ExtentCollector {
  readonly #bytes: ImageBytes;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #owners: Owner[] = [];

  constructor(bytes: ImageBytes) {
    this.#bytes = bytes;
  }

  /** Bytes beyond the end of the image are dropped: an image may be cut where nothing but zeros follows. */
  add(startByte: number, endByte: number, owner: Owner): void {
    this.#bytes.step();
    const end = Math.min(endByte, this.#bytes.sizeBytes);
    if (startByte < 0 || end <= startByte) return;
    this.#starts.push(startByte);
    this.#ends.push(end);
    this.#owners.push(owner);
  }

  metadata(startByte: number, endByte: number, what: (Owner & { kind: 'metadata' })['what']): void {
    this.add(startByte, endByte, { kind: 'metadata', what, inodes: [] });
  }

  finish(): Extents {
    const order = Array.from(this.#starts.keys()).sort(
      (a, b) => (this.#starts[a] ?? 0) - (this.#starts[b] ?? 0) || a - b,
    );
    const ends: number[] = [];
    const owners: Owner[] = [];
    let at = 0;
    const put = (end: number, owner: Owner): void => {
      ends.push(end);
      owners.push(owner);
      at = end;
    };
    for (const index of order) {
      const start = this.#starts[index] ?? 0;
      const end = this.#ends[index] ?? 0;
      const owner = this.#owners[index];
      if (end <= at || owner === undefined) continue;
      if (start > at) put(start, FREE);
      put(end, owner);
    }
    if (at < this.#bytes.sizeBytes) put(this.#bytes.sizeBytes, FREE);
    return new Extents(Float64Array.from(ends), owners);
  }
}

/** The whole of an image in ranges that follow one another; nobody's bytes are `free space`. */
export class Extents {
  readonly #ends: Float64Array;
  readonly #owners: readonly Owner[];

  constructor(ends: Float64Array, owners: readonly Owner[]) {
    this.#ends = ends;
    this.#owners = owners;
  }

  get length(): number {
    return this.#ends.length;
  }

  /** The ranges that a range of bytes touches, cut to it, in order. */
  *within(startByte: number, endByte: number): Generator<Extent, void, undefined> {
    let at = startByte;
    for (let index = this.#indexOf(startByte); at < endByte && index < this.#ends.length; index += 1) {
      const end = Math.min(endByte, this.#ends[index] ?? endByte);
      yield { startByte: at, endByte: end, owner: this.#owners[index] ?? FREE };
      at = end;
    }
  }

  /** Every range. */
  [Symbol.iterator](): Generator<Extent, void, undefined> {
    return this.within(0, this.#ends.at(-1) ?? 0);
  }

  /** The range that holds a byte. */
  #indexOf(byte: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) <= byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
