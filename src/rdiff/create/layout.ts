import { ReleasePlanError } from '../../errors.ts';
import { formatBytes } from '../../io/bytes.ts';
import { WASM_LIMIT_BYTES, WASM_PAGE_BYTES } from '../wasm.ts';

/** Target bytes that are matched in one go. The delta depends on it: a constant. */
export const SEGMENT_BYTES = 2 * 1024 * 1024;

/** Base bytes that are read and indexed in one go. */
export const CHUNK_BYTES = 1024 * 1024;

/** Distance of the windows in the coarse index; divides {@link CHUNK_BYTES}, and assembly/coarse.ts counts on it. */
export const COARSE_STRIDE = 256;

/** Target bytes that are parsed in one go; what is left of a segment is cut at this size. */
export const PIECE_BYTES = 32 * 1024;

/** A bucket of the fine index: three entries and their tags, see assembly/fine.ts. */
export const FINE_BUCKET_BYTES = 16;

/** Beside each bucket, in a table that fits the cache: see assembly/fine.ts. */
export const FILTER_BYTES_PER_BUCKET = 2;

/** The fine index is for what no long match uses, most often a small part of the base: this many buckets for it... */
const BASE_BYTES_PER_FINE_BUCKET = 80;

/** ...but room for all of a small base, two windows of every eight bytes to a bucket... */
const SMALL_FINE_BITS = 20;
const SMALL_BASE_BYTES_PER_FINE_BUCKET = 8;

/** ...and no more than this of a large one: what no cache holds is slow to fill and to ask. */
const FINE_BITS_MAX = 23;

/** What {@link Layout.runsAt} takes. */
export const RUNS_BYTES = 256 * 8;

/** Where the threads count the pieces of work that they take, a 32-bit word. */
export const COUNTER_AT = 64;

/** Where they count the matches that they have written to the file of matches, a 32-bit word. */
export const LIST_COUNTER_AT = 128;

/** What no match uses of the base is found out to blocks of this size. */
export const USED_BLOCK_BYTES = 256;

/** Free bytes around every buffer, since SIMD may load a little more than it needs. */
const SLACK_BYTES = 64;

/** Numbers of 32 bits per match in wasm memory, see assembly/coarse.ts. */
export const WASM_MATCH_WORDS = 3;

/** Shortest match of either pass; the parse takes none shorter. */
const MIN_MATCH_BYTES = 8;

/** Addresses of one thread's own buffers. */
export interface LaneLayout {
  /** SEGMENT_BYTES of the target. */
  targetAt: number;
  /** Matches as the wasm functions write them. */
  matchesAt: number;
  /** A byte for each byte of a piece. */
  hitsAt: number;
  /** For each byte of a piece the longest match, two words. */
  bestAt: number;
  /** For each byte of a piece the costs of what comes after, two words. */
  costsAt: number;
  /** 256 words. */
  countsAt: number;
}

/** Where everything lies in the shared wasm memory. Addresses and sizes in bytes. */
export interface Layout {
  sizeBytes: number;
  baseAt: number;
  /** How much of the base is there at a time. */
  windowBytes: number;
  coarseAt: number;
  /** The table has 2^coarseBits words. */
  coarseBits: number;
  /** The longest run of each byte value, 256 numbers of 64 bits. */
  runsAt: number;
  /** A byte for each block of the window, 1 where matches use all of it. */
  usedAt: number;
  fineAt: number;
  filterAt: number;
  /** The table has room for 2^fineBits buckets. */
  fineBits: number;
  lanes: LaneLayout[];
}

/** Hands out addresses one after the other. */
class Allocator {
  #next = WASM_PAGE_BYTES;

  take(sizeBytes: number): number {
    const at = this.#next;
    this.#next += Math.ceil((sizeBytes + SLACK_BYTES) / 4096) * 4096;
    return at;
  }

  get usedBytes(): number {
    return this.#next;
  }
}

/** Bits of a table with room for so many entries at three quarters full at most. */
export const tableBits = (entries: number): number => Math.max(10, Math.ceil(Math.log2((entries * 4) / 3 + 1)));

function arrange(windowBytes: number, lanes: number): Layout {
  const allocator = new Allocator();
  const coarseBits = tableBits(windowBytes / COARSE_STRIDE);
  const baseAt = allocator.take(windowBytes);
  const coarseAt = allocator.take(4 * 2 ** coarseBits);
  const runsAt = allocator.take(RUNS_BYTES);
  const usedAt = allocator.take(Math.ceil(windowBytes / USED_BLOCK_BYTES));
  const fineBuckets = Math.max(windowBytes / BASE_BYTES_PER_FINE_BUCKET, Math.min(windowBytes / SMALL_BASE_BYTES_PER_FINE_BUCKET, 2 ** SMALL_FINE_BITS));
  const fineBits = Math.min(FINE_BITS_MAX, Math.max(10, Math.ceil(Math.log2(fineBuckets))));
  const fineAt = allocator.take(FINE_BUCKET_BYTES * 2 ** fineBits);
  const filterAt = allocator.take(FILTER_BYTES_PER_BUCKET * 2 ** fineBits);
  const laneLayouts = Array.from({ length: lanes }, () => ({
    targetAt: allocator.take(SEGMENT_BYTES),
    matchesAt: allocator.take((SEGMENT_BYTES / MIN_MATCH_BYTES) * WASM_MATCH_WORDS * 4),
    hitsAt: allocator.take(PIECE_BYTES),
    bestAt: allocator.take(8 * PIECE_BYTES),
    costsAt: allocator.take(8 * (PIECE_BYTES + 1)),
    countsAt: allocator.take(4 * 256),
  }));
  return { sizeBytes: allocator.usedBytes, baseAt, windowBytes, coarseAt, coarseBits, runsAt, usedAt, fineAt, filterAt, fineBits, lanes: laneLayouts };
}

/** What Node.js takes for itself: for the process, and for each worker thread, its heap limited by crew.ts. Matches are in a file. */
const PROCESS_BYTES = 104 * 2 ** 20;
const WORKER_BYTES = 12 * 2 ** 20;

/** Room is kept for so many threads, however many there are: the window, and so the delta, must not depend on it. */
const EXPECTED_WORKERS = 4;

/** What the process takes with a layout. */
const processBytes = (layout: Layout): number => PROCESS_BYTES + layout.lanes.length * WORKER_BYTES + layout.sizeBytes;

/**
 * Lays out the memory: the whole base where it fits, otherwise the largest
 * window of it that does. The window depends on the two sizes alone; there are
 * fewer lanes than asked for where memory is short.
 *
 * @param memoryBytes what the process may take
 * @param workers at least 1
 * @throws ReleasePlanError `engine-memory` when not even a small window fits
 */
export function planLayout(baseBytes: number, memoryBytes: number, workers: number): Layout {
  const fits = (layout: Layout): boolean => processBytes(layout) <= memoryBytes && layout.sizeBytes <= WASM_LIMIT_BYTES - WASM_PAGE_BYTES;
  let windowBytes = baseBytes;
  while (!fits(arrange(windowBytes, EXPECTED_WORKERS))) {
    windowBytes = Math.floor((windowBytes * 0.95) / CHUNK_BYTES) * CHUNK_BYTES;
    if (windowBytes < CHUNK_BYTES) throw new ReleasePlanError('engine-memory', `the delta engine cannot work in ${formatBytes(memoryBytes)} of memory`);
  }
  const wanted = arrange(windowBytes, workers);
  return fits(wanted) ? wanted : arrange(windowBytes, Math.min(workers, EXPECTED_WORKERS));
}
