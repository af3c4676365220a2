/** Finds a file's bytes in its source, and writes the difference: the WebAssembly module of src/static-delta/wasm/. */
import { ReleasePlanError } from '../core/errors.ts';
import { WASM_PAGES, WASM_PAGE_BYTES } from './wasm.ts';

interface MatchExports {
  regionCount(): number;
  begin(
    oldAt: number,
    oldSize: number,
    newAt: number,
    newSize: number,
    table: number,
    tableBits: number,
    next: number,
    stride: number,
    out: number,
    gain: number,
  ): void;
  index(to: number, most: number): number;
  scan(until: number): number;
  encode(first: number, end: number, out: number): number;
}

/** A stretch of a file that is found in its source, byte for byte or nearly so. */
export interface Region {
  /** In the file. */
  at: number;
  /** In the source. */
  sourceAt: number;
  sizeBytes: number;
}

/** Bytes of a window: what is shorter is not found. */
const WINDOW_BYTES = 16;

/** Entries of the table at most. Of larger files every second window is entered, or every fourth, and so on. */
const MAX_ENTRIES = 2 ** 23;

const MIN_TABLE_BITS = 8;

/** What one call does at most: a call that lasts stays in the baseline compiler. */
const WINDOWS_PER_CALL = 1 << 16;
const BYTES_PER_CALL = 1 << 18;
const REGIONS_PER_CALL = 1 << 12;

const REGION_BYTES = 12;

/**
 * How many more equal bytes a change of place must bring. The first one gave the smallest deltas of those tried
 * (8 as in bsdiff, 12, 16, 24, 32); the others keep a patch within a limit, the last one within any.
 */
const GAINS = [12, 24, 64, 1024] as const;

/** Bytes that begin each segment of a patch. */
const SEGMENT_BYTES = 24;

/** What is known of a file against its source. The bytes of `patch()` are valid until the next match. */
export interface Match {
  regions: Region[];
  /** In the form of bsdiff, as the operation 'B' takes it. */
  patch(): Buffer;
}

/** Matches one pair of files after the other, in one memory that grows to what the largest needs. */
export class Matcher {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: WASM_PAGES });
  readonly #exports: MatchExports;

  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#exports = instance.exports as unknown as MatchExports;
  }

  /**
   * Finds the regions of a file in its source.
   *
   * @param patchLimitBytes a patch that would become larger is tried again with fewer changes of place
   * @throws ReleasePlanError `engine-memory` when the system has no room for both and the table
   */
  match(source: Uint8Array, file: Uint8Array, patchLimitBytes = Infinity): Match {
    if (file.length === 0) return { regions: [], patch: () => Buffer.alloc(0) };
    for (const gain of GAINS) {
      const layout = this.#load(source, file, gain);
      this.#index(layout, source.length);
      this.#scan(layout, file.length);
      const count = this.#exports.regionCount();
      const patchBytes = count * SEGMENT_BYTES + file.length;
      if (patchBytes > patchLimitBytes && gain !== GAINS.at(-1)) continue;
      return { regions: this.#regions(layout, count), patch: () => this.#patch(layout, count, patchBytes) };
    }
    throw new TypeError('no gain was tried');
  }

  #load(source: Uint8Array, file: Uint8Array, gain: number): Layout {
    const layout = layoutFor(source.length, file.length);
    this.#reserve(layout.regions);
    const bytes = new Uint8Array(this.#memory.buffer);
    bytes.set(source, layout.source);
    bytes.set(file, layout.file);
    bytes.fill(0, layout.table, layout.table + 4 * 2 ** layout.tableBits);
    const { source: old, file: fresh, table, tableBits, next, strideBits, regions } = layout;
    this.#exports.begin(old, source.length, fresh, file.length, table, tableBits, next, strideBits, regions, gain);
    return layout;
  }

  #reserve(sizeBytes: number): void {
    const missing = Math.ceil((sizeBytes - this.#memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      this.#memory.grow(missing);
    } catch (cause) {
      throw new ReleasePlanError('engine-memory', `the system gives the delta engine no ${sizeBytes} bytes`, { cause });
    }
  }

  #index({ strideBits }: Layout, sourceBytes: number): void {
    let left = windowsOf(sourceBytes, strideBits);
    while (left > 0) left = this.#exports.index(left, WINDOWS_PER_CALL);
  }

  /** Each change of place is worth a region more; room for those of a call is made before it. */
  #scan(layout: Layout, fileBytes: number): void {
    const { scan, regionCount } = this.#exports;
    let at = 0;
    do {
      this.#reserve(layout.regions + (regionCount() + BYTES_PER_CALL / WINDOW_BYTES + 2) * REGION_BYTES);
      at = scan(at + BYTES_PER_CALL) >>> 0;
    } while (at < fileBytes);
  }

  #regions(layout: Layout, count: number): Region[] {
    const numbers = new Uint32Array(this.#memory.buffer, layout.regions, count * 3);
    return Array.from({ length: count }, (_, index) => ({
      at: numbers[index * 3] ?? 0,
      sourceAt: numbers[index * 3 + 1] ?? 0,
      sizeBytes: numbers[index * 3 + 2] ?? 0,
    }));
  }

  #patch(layout: Layout, count: number, patchBytes: number): Buffer {
    const start = aligned(layout.regions + count * REGION_BYTES);
    this.#reserve(start + patchBytes);
    let out = start;
    for (let first = 0; first < count; first += REGIONS_PER_CALL) {
      out = this.#exports.encode(first, Math.min(count, first + REGIONS_PER_CALL), out) >>> 0;
    }
    return Buffer.from(this.#memory.buffer as unknown as ArrayBuffer, start, out - start);
  }
}

/** Where everything is in the memory. */
interface Layout {
  source: number;
  file: number;
  table: number;
  tableBits: number;
  next: number;
  strideBits: number;
  regions: number;
}

const aligned = (offset: number): number => Math.ceil(offset / 16) * 16;

const windowsOf = (sizeBytes: number, strideBits: number): number =>
  sizeBytes < WINDOW_BYTES ? 0 : Math.floor((sizeBytes - WINDOW_BYTES) / 2 ** strideBits) + 1;

function layoutFor(sourceBytes: number, fileBytes: number): Layout {
  let strideBits = 0;
  while (windowsOf(sourceBytes, strideBits) > MAX_ENTRIES) strideBits += 1;
  const entries = windowsOf(sourceBytes, strideBits);
  const tableBits = Math.max(MIN_TABLE_BITS, Math.ceil(Math.log2(Math.max(1, entries))));
  // Windows and vectors are read across the end of a file by less than this.
  const source = 64;
  const file = aligned(source + sourceBytes) + 64;
  const table = aligned(file + fileBytes) + 64;
  const next = table + 4 * 2 ** tableBits;
  return { source, file, table, tableBits, next, strideBits, regions: aligned(next + 4 * (entries + 1)) };
}
