import { ReleasePlanError } from '../../core/errors.ts';
import { formatBytes } from '../../text/bytes.ts';
import { WASM_LIMIT_BYTES, WASM_PAGE_BYTES } from '../wasm-memory.ts';

/** Target bytes that are matched in one go. The delta depends on it: a constant. */
export const SEGMENT_BYTES = 2 * 1024 * 1024;

/** Base bytes that a thread takes at a time. */
export const CHUNK_BYTES = 1024 * 1024;

/** Of these, what is read and indexed in one go: so much stays in the cache in between. Coarse strides divide it. */
export const READ_BYTES = 256 * 1024;

/** Target bytes that are parsed in one go; what is left of a segment is cut at this size. */
export const PIECE_BYTES = 32 * 1024;

/** An anchor stands at every so many bytes of the base. */
export const ANCHOR_STRIDE_BITS = 16;

/** What a thread holds of the base in the first pass: slots of a block each, see assembly/base.ts. */
export const BASE_BLOCK_BYTES = 16 * 1024;
const BASE_CACHE_BYTES = 64 * (BASE_BLOCK_BYTES + 4);

/** Commands of a segment that are written in one go, see assembly/encode.ts. */
export const COMMANDS_BYTES = 512 * 1024;

/** Ten numbers of 64 bits. */
const ENDS_BYTES = 80;

/** The unit in which stretches of the base are held for the second pass, see assembly/held.ts. */
export const PAGE_BYTES = 4096;

/** What stands beside each page that is held. */
export const PAGE_ENTRY_BYTES = 16;

/** A bucket of the fine index: three entries and their tags, see assembly/fine.ts. */
export const FINE_BUCKET_BYTES = 16;

/** Beside each bucket, in a table that fits the cache: see assembly/fine.ts. */
export const FILTER_BYTES_PER_BUCKET = 2;

/** The fine index is for what no long match uses, most often a small part of the base: this many buckets for it... */
const BASE_BYTES_PER_FINE_BUCKET = 32;

/** ...but room for all of a small base, two windows of every eight bytes to a bucket... */
const SMALL_FINE_BITS = 20;
const SMALL_BASE_BYTES_PER_FINE_BUCKET = 8;

/** ...and no more than this of a large one: what no cache holds is slow to fill and to ask. */
const FINE_BITS_MAX = 23;

/**
 * The fine pass takes no more of the base at a time, whatever the memory: the largest table has room for a window at
 * every 16th byte of it. More at a time makes windows sparser, and so the delta larger, and takes no less time.
 */
const HELD_PAGES_MAX = (256 * 2 ** 20) / PAGE_BYTES;

/** What {@link Layout.runsAt} takes. */
const RUNS_BYTES = 256 * 8;

/** Where the threads count the pieces of work that they take, a 32-bit word. */
export const COUNTER_AT = 64;

/** Where they count the matches that they have written to the file of matches, a 32-bit word. */
export const LIST_COUNTER_AT = 128;

/** What no match uses of the base is found out to blocks of this size. */
export const USED_BLOCK_BYTES = 256;

/** Free bytes around every buffer, since SIMD may load a little more than it needs. */
const SLACK_BYTES = 64;

/** Bytes per match in wasm memory, see assembly/coarse.ts. */
export const WASM_MATCH_BYTES = 16;

/** Shortest match of either pass; the parse takes none shorter. */
const MIN_MATCH_BYTES = 8;

/** Addresses of one thread's own buffers. */
export interface LaneLayout {
  /** SEGMENT_BYTES of the target. */
  targetAt: number;
  /** This thread's blocks of the base. */
  baseAt: number;
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
  /** COMMANDS_BYTES of commands. */
  commandsAt: number;
  /** What is told of them, see assembly/encode.ts. */
  endsAt: number;
}

/** The index of the first pass, see assembly/coarse.ts. */
export interface CoarseIndex {
  at: number;
  /** The table has 2^bits words. */
  bits: number;
  /** A window of the base stands in it at every 2^strideBits bytes. */
  strideBits: number;
  tagBits: number;
}

/** The few windows of the base by which the pass before that finds its way, see assembly/follow.ts. */
export interface AnchorIndex {
  at: number;
  /** Eight bits for each word of the table. */
  filterAt: number;
  /** The table has 2^bits words. */
  bits: number;
  tagBits: number;
}

/** Where everything lies in the shared wasm memory. Addresses and sizes in bytes. */
export interface Layout {
  sizeBytes: number;
  anchors: AnchorIndex;
  coarse: CoarseIndex;
  /** The longest run of each byte value, 256 numbers of 64 bits. */
  runsAt: number;
  /** A byte for each block of the base, 1 where matches use it, see gaps.ts. */
  usedAt: number;
  /** For each page of the base one more than the number of the page that holds it, 0 where none does; 32 bits. */
  placesAt: number;
  /** PAGE_ENTRY_BYTES for each page that is held. */
  pagesAt: number;
  /** The pages that are held. */
  heldAt: number;
  /** Room for so many. */
  heldPages: number;
  fineAt: number;
  filterAt: number;
  /** The table has room for 2^fineBits buckets. */
  fineBits: number;
  lanes: LaneLayout[];
}

/** Hands out addresses one after the other; pages that are held must begin at a multiple of their size. */
class Allocator {
  #next = WASM_PAGE_BYTES;

  take(sizeBytes: number): number {
    const at = this.#next;
    this.#next += Math.ceil((sizeBytes + SLACK_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    return at;
  }

  get usedBytes(): number {
    return this.#next;
  }
}

/** The first pass finds nearly as much with sparser windows: measured, see docs/performance.md. */
const COARSE_STRIDE_BITS = 8;

/** A sparser index than this misses what moved in pieces of some KiB. */
const COARSE_STRIDE_BITS_MAX = 12;

/** Of the memory that is left beside buffers, the index of the first pass is kept to this share. */
const COARSE_SHARE = 0.5;

/** A window's number leaves at least so many bits of its word for a tag. */
const TAG_BITS_MIN = 7;
const TAG_BITS_MAX = 20;

/** Bits of a table for so many windows: it is three quarters full at most. */
const tableBitsFor = (windows: number, bitsMin: number): number =>
  Math.max(bitsMin, Math.ceil(Math.log2((windows * 4) / 3 + 1)));

/** Bits of the table of the coarse index for so many windows. */
export const coarseBitsFor = (windows: number): number => tableBitsFor(windows, 10);

/** An index for a base, sparse enough for the memory, as far as that goes. */
function planCoarseIndex(baseBytes: number, freeBytes: number): Omit<CoarseIndex, 'at'> {
  for (let strideBits = COARSE_STRIDE_BITS; ; strideBits += 1) {
    const windows = Math.ceil(baseBytes / 2 ** strideBits);
    const tagBits = Math.min(TAG_BITS_MAX, 32 - Math.ceil(Math.log2(windows + 2)));
    const bits = coarseBitsFor(windows);
    if (tagBits >= TAG_BITS_MIN && (4 * 2 ** bits <= freeBytes * COARSE_SHARE || strideBits >= COARSE_STRIDE_BITS_MAX))
      return { bits, strideBits, tagBits };
  }
}

/** A table for the anchors of a base. */
function planAnchors(baseBytes: number): Omit<AnchorIndex, 'at' | 'filterAt'> {
  const anchors = Math.ceil(baseBytes / 2 ** ANCHOR_STRIDE_BITS);
  return {
    bits: tableBitsFor(anchors, 8),
    tagBits: Math.min(TAG_BITS_MAX, 32 - Math.ceil(Math.log2(anchors + 2))),
  };
}

function arrange(baseBytes: number, coarse: Omit<CoarseIndex, 'at'>, heldPages: number, lanes: number): Layout {
  const allocator = new Allocator();
  const heldBytes = heldPages * PAGE_BYTES;
  const heldAt = allocator.take(heldBytes);
  const pagesAt = allocator.take(heldPages * PAGE_ENTRY_BYTES);
  const placesAt = allocator.take(4 * Math.ceil(baseBytes / PAGE_BYTES));
  const anchors = planAnchors(baseBytes);
  const anchorsAt = allocator.take(4 * 2 ** anchors.bits);
  const anchorFilterAt = allocator.take(2 ** anchors.bits);
  const coarseAt = allocator.take(4 * 2 ** coarse.bits);
  const runsAt = allocator.take(RUNS_BYTES);
  const usedAt = allocator.take(Math.ceil(baseBytes / USED_BLOCK_BYTES));
  const fineBuckets = Math.max(
    heldBytes / BASE_BYTES_PER_FINE_BUCKET,
    Math.min(heldBytes / SMALL_BASE_BYTES_PER_FINE_BUCKET, 2 ** SMALL_FINE_BITS),
  );
  const fineBits = Math.min(FINE_BITS_MAX, Math.max(10, Math.ceil(Math.log2(fineBuckets))));
  const fineAt = allocator.take(FINE_BUCKET_BYTES * 2 ** fineBits);
  const filterAt = allocator.take(FILTER_BYTES_PER_BUCKET * 2 ** fineBits);
  const laneLayouts = Array.from({ length: lanes }, () => ({
    targetAt: allocator.take(SEGMENT_BYTES),
    baseAt: allocator.take(BASE_CACHE_BYTES),
    matchesAt: allocator.take((SEGMENT_BYTES / MIN_MATCH_BYTES) * WASM_MATCH_BYTES),
    hitsAt: allocator.take(PIECE_BYTES),
    bestAt: allocator.take(8 * PIECE_BYTES),
    costsAt: allocator.take(8 * (PIECE_BYTES + 1)),
    countsAt: allocator.take(4 * 256),
    commandsAt: allocator.take(COMMANDS_BYTES),
    endsAt: allocator.take(ENDS_BYTES),
  }));
  return {
    sizeBytes: allocator.usedBytes,
    anchors: { at: anchorsAt, filterAt: anchorFilterAt, ...anchors },
    coarse: { at: coarseAt, ...coarse },
    runsAt,
    usedAt,
    placesAt,
    pagesAt,
    heldAt,
    heldPages,
    fineAt,
    filterAt,
    fineBits,
    lanes: laneLayouts,
  };
}

/**
 * What Node.js takes for itself: for the process, and for each worker thread, its heap limited by crew.ts. Matches are
 * in a file.
 */
const PROCESS_BYTES = 104 * 2 ** 20;
const WORKER_BYTES = 12 * 2 ** 20;

/** Room is kept for so many threads, however many there are: the layout, and so the delta, must not depend on it. */
const EXPECTED_WORKERS = 4;

/** What the process takes with a layout. */
const processBytes = (layout: Layout): number => PROCESS_BYTES + layout.lanes.length * WORKER_BYTES + layout.sizeBytes;

const fits = (layout: Layout, memoryBytes: number): boolean =>
  processBytes(layout) <= memoryBytes && layout.sizeBytes <= WASM_LIMIT_BYTES - WASM_PAGE_BYTES;

/** Room for as much of the base as fits, with the threads expected. */
function largestLayout(baseBytes: number, memoryBytes: number): Layout | undefined {
  const buffers = processBytes(arrange(baseBytes, { bits: 0, strideBits: 0, tagBits: 0 }, 0, EXPECTED_WORKERS));
  const coarse = planCoarseIndex(baseBytes, memoryBytes - buffers);
  const pages = Math.min(HELD_PAGES_MAX, Math.ceil(baseBytes / PAGE_BYTES));
  for (let heldPages = pages; ; heldPages = Math.floor(heldPages * 0.95)) {
    const layout = arrange(baseBytes, coarse, heldPages, EXPECTED_WORKERS);
    if (fits(layout, memoryBytes)) return layout;
    if (heldPages < CHUNK_BYTES / PAGE_BYTES) return undefined;
  }
}

/**
 * Lays out the memory: room for the whole base in the second pass where it fits,
 * otherwise for as much of it as does, and for no more than is worth it. That depends on the two sizes alone;
 * there are fewer lanes than asked for where memory is short.
 *
 * @param memoryBytes what the process may take
 * @param workers at least 1
 * @throws ReleasePlanError `engine-memory` when there is no room to work in
 */
export function planLayout(baseBytes: number, memoryBytes: number, workers: number): Layout {
  const { coarse, heldPages } = largestLayout(baseBytes, memoryBytes) ?? refuse(baseBytes, memoryBytes);
  const wanted = arrange(baseBytes, coarse, heldPages, workers);
  return fits(wanted, memoryBytes)
    ? wanted
    : arrange(baseBytes, coarse, heldPages, Math.min(workers, EXPECTED_WORKERS));
}

/** What {@link refuse} says is enough is a multiple of this. */
const MEMORY_STEP_BYTES = 64 * 2 ** 20;

function refuse(baseBytes: number, memoryBytes: number): never {
  let enough = Math.ceil(memoryBytes / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES;
  while (enough < WASM_LIMIT_BYTES && largestLayout(baseBytes, enough) === undefined) enough += MEMORY_STEP_BYTES;
  const hint =
    enough < WASM_LIMIT_BYTES
      ? `Use --memory ${enough / 2 ** 20}MiB or more.`
      : 'A base of this size is too large for the delta engine.';
  throw new ReleasePlanError(
    'engine-memory',
    `${formatBytes(memoryBytes)} of memory is not enough for a delta from a base of ${formatBytes(baseBytes)}`,
    { hint },
  );
}
