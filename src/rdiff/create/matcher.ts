import { unusedBlocks, type Stretch } from './gaps.ts';
import { stretchesOf, type HeldWindow } from './held.ts';
import {
  ANCHOR_STRIDE_BITS,
  COMMANDS_BYTES,
  FILTER_BYTES_PER_BUCKET,
  FINE_BUCKET_BYTES,
  PAGE_BYTES,
  PAGE_ENTRY_BYTES,
  USED_BLOCK_BYTES,
  type LaneLayout,
  type Layout,
} from './layout.ts';
import type { SegmentCommands } from './match-file.ts';
import type { MatchExports } from './match-wasm.ts';
import type { Matches } from './matches.ts';
import { Segment } from './segment.ts';
import { instantiate } from '../wasm.ts';

/** What encodeMatches tells. */
type Numbers = [number, number, number, number, number, number, number, number, number, number];

/** Reads blocks of the base, BASE_BLOCK_BYTES each or what there is of them, to an address. */
export type LoadBase = (block: number, place: number, blocks: number) => void;

/** How the fine index of a window was made. */
export interface FineIndex {
  /** The table has 2^bits buckets. */
  bits: number;
  strideBytes: number;
}

/**
 * What beginning a literal and making a copy cost in a compressed delta, in
 * 1/16 byte: measured, see docs/performance.md. A copy has one command byte,
 * four bytes of offset that hardly compress and one or two of length.
 */
const LITERAL_HEAD_COST = 16;
const COPY_COST = 48;

/** What a literal byte is expected to cost in a compressed delta, in 1/16 byte: 2 to 16. */
export type LiteralCost = number;

/**
 * match.wasm for one thread: the wasm functions with offsets in base and target
 * in place of addresses. The target segment at hand lies in the lane's own buffer.
 */
export class Matcher {
  readonly #wasm: MatchExports;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #layout: Layout;
  readonly #own: LaneLayout;
  readonly #baseBytes: number;
  readonly #segment: Segment;
  /** Where {@link encode} puts commands. */
  #write: (commands: Uint8Array) => void = () => undefined;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    layout: Layout,
    lane: number,
    base: { sizeBytes: number; load: LoadBase },
  ) {
    const own = layout.lanes[lane];
    if (own === undefined) throw new RangeError(`there is no lane ${lane}`);
    this.#wasm = instantiate<MatchExports>(module, memory, {
      loadBase: (block: number, place: number, blocks: number) => base.load(block >>> 0, place >>> 0, blocks),
      flush: (sizeBytes: number) => this.#write(this.#bytes.subarray(own.commandsAt, own.commandsAt + sizeBytes)),
    });
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#offsets = new Float64Array(memory.buffer);
    this.#layout = layout;
    this.#own = own;
    this.#baseBytes = base.sizeBytes;
    this.#segment = new Segment(memory, own);
  }

  /** The place where a part of the base is put for {@link indexCoarse}; no segment is at hand then. */
  readPlace(sizeBytes: number): Uint8Array {
    return this.#bytes.subarray(this.#own.targetAt, this.#own.targetAt + sizeBytes);
  }

  /** Enters the anchors that lie at {@link readPlace} one behind the other; `first` counts from 0. */
  indexAnchors(first: number, sizeBytes: number): void {
    const { at, filterAt, bits, tagBits } = this.#layout.anchors;
    const { targetAt } = this.#own;
    this.#wasm.indexAnchors(at, filterAt, 64 - bits, tagBits, first + 1, targetAt, targetAt + sizeBytes);
  }

  /**
   * Enters what lies at {@link readPlace}, the base from `start` on.
   *
   * @param start a multiple of the stride
   * @param bits the table has 2^bits words
   */
  indexCoarse(start: number, sizeBytes: number, bits: number): void {
    const { at, tagBits, strideBits } = this.#layout.coarse;
    this.#wasm.indexCoarse(
      at,
      this.#layout.runsAt,
      64 - bits,
      tagBits,
      strideBits,
      start / 2 ** strideBits + 1,
      this.#own.targetAt,
      this.#own.targetAt + sizeBytes,
      this.#own.bestAt,
    );
  }

  /** Which page of the base a held page is. */
  pageHeld(number: number): number {
    return this.#words[(this.#layout.pagesAt + number * PAGE_ENTRY_BYTES) / 4 + 2]!;
  }

  /** The place of a held page and of what follows it. */
  heldPlace(number: number, sizeBytes: number): Uint8Array {
    const at = this.#layout.heldAt + number * PAGE_BYTES;
    return this.#bytes.subarray(at, at + sizeBytes);
  }

  /** The blocks of [start, end) of the base that no match uses; `start` is a multiple of a block. */
  unusedBlocks(start: number, end: number): Iterable<Stretch> {
    const from = this.#layout.usedAt + start / USED_BLOCK_BYTES;
    const blocks = Math.ceil((end - start) / USED_BLOCK_BYTES);
    return unusedBlocks(this.#bytes.subarray(from, from + blocks), start, end - start);
  }

  /** The stretches of a window that no match uses. */
  stretchesOf(window: HeldWindow): Iterable<Stretch> {
    return stretchesOf(window, this.#bytes, this.#layout);
  }

  /** The place of [start, end) of the target; in the segment. */
  targetPlace(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#segment.addressOf(start), this.#segment.addressOf(end));
  }

  /**
   * Empties one part of the fine index: what a former window left, and what was
   * never touched gets its memory in order here, which takes a fraction of the
   * time that it takes in the order of hashes.
   */
  clearFine(index: FineIndex, part: number, parts: number): void {
    const buckets = 2 ** index.bits;
    const from = Math.ceil((part * buckets) / parts);
    const to = Math.ceil(((part + 1) * buckets) / parts);
    const { fineAt, filterAt } = this.#layout;
    this.#bytes.fill(0, fineAt + from * FINE_BUCKET_BYTES, fineAt + to * FINE_BUCKET_BYTES);
    this.#bytes.fill(0, filterAt + from * FILTER_BYTES_PER_BUCKET, filterAt + to * FILTER_BYTES_PER_BUCKET);
  }

  /** Enters [start, end) of the base, which is held, into one part of the fine index. */
  indexFine(start: number, end: number, index: FineIndex, part: number, parts: number): void {
    const from = this.#heldAddress(start);
    this.#wasm.indexFine(
      this.#layout.fineAt,
      this.#layout.filterAt,
      64 - index.bits,
      from,
      from + end - start,
      index.strideBytes,
      part,
      parts,
      this.#own.bestAt,
    );
  }

  /** What a literal byte costs that is like those of these stretches of the target, in 1/16 byte. */
  literalCostOf(stretches: Iterable<{ start: number; end: number }>): LiteralCost {
    const { countsAt } = this.#own;
    this.#words.fill(0, countsAt / 4, countsAt / 4 + 256);
    for (const { start, end } of stretches)
      this.#wasm.countBytes(countsAt, this.#segment.addressOf(start), this.#segment.addressOf(end));
    return this.#wasm.literalCost(countsAt);
  }

  /**
   * Begins a segment and its list of matches.
   *
   * @param start offset of the segment in the target
   * @param known its matches so far
   */
  begin(start: number, known: Matches): void {
    this.#segment.begin(start, known);
  }

  /** Adds what did not move, or moved together with much else, in [start, end) of the target. */
  follow(start: number, end: number): void {
    const { at, filterAt, bits, tagBits } = this.#layout.anchors;
    this.#segment.add(
      this.#wasm.followDiagonals(
        at,
        filterAt,
        64 - bits,
        tagBits,
        ANCHOR_STRIDE_BITS,
        this.#layout.runsAt,
        this.#layout.coarse.strideBits,
        this.#segment.addressOf(start),
        this.#segment.addressOf(end),
        this.#own.baseAt,
        this.#baseBytes,
        start,
        this.#segment.nextAt,
      ),
    );
  }

  /**
   * Adds long matches in [start, end) of the target, where there are none yet.
   *
   * @param before base offset minus target offset of the match before
   * @param bits the table has 2^bits words
   */
  scanCoarse(start: number, end: number, before: number, bits: number): void {
    const { at, tagBits, strideBits } = this.#layout.coarse;
    this.#segment.keepUntil(start);
    this.#segment.add(
      this.#wasm.scanCoarse(
        at,
        this.#layout.runsAt,
        64 - bits,
        tagBits,
        strideBits,
        this.#segment.addressOf(start),
        this.#segment.addressOf(end),
        this.#own.baseAt,
        this.#baseBytes,
        start + before,
        this.#segment.nextAt,
      ),
    );
  }

  /**
   * Adds the matches to take in a piece [start, end) of the target, at most PIECE_BYTES.
   *
   * @param diagonals base offset minus target offset of the matches around
   */
  refine(
    start: number,
    end: number,
    index: FineIndex,
    diagonals: { before: number; after: number },
    literalCost: LiteralCost,
  ): void {
    const { heldAt, pagesAt, fineAt, filterAt } = this.#layout;
    const { hitsAt, bestAt, costsAt } = this.#own;
    const from = this.#segment.addressOf(start);
    this.#segment.keepUntil(start);
    this.#wasm.collectMatches(
      fineAt,
      filterAt,
      64 - index.bits,
      from,
      this.#segment.addressOf(end),
      pagesAt,
      heldAt,
      this.#heldAddress(start + diagonals.before),
      this.#heldAddress(end - 1 + diagonals.after),
      hitsAt,
      bestAt,
    );
    this.#segment.add(
      this.#wasm.chooseMatches(
        bestAt,
        end - start,
        costsAt,
        literalCost,
        LITERAL_HEAD_COST,
        COPY_COST,
        from,
        pagesAt,
        heldAt,
        this.#segment.nextAt,
      ),
    );
  }

  /** Ends the list: see {@link Segment.take}. */
  take(): Matches | undefined {
    return this.#segment.take();
  }

  /**
   * Ends the list: what comes between the first copy of the segment and the last, as commands.
   *
   * @param write gets them, in parts; each until it returns
   */
  encode(write: (commands: Uint8Array) => void): Omit<SegmentCommands, 'pieces'> {
    const count = this.#segment.keepAll();
    if (count === 0) return { counts: { copies: 0, literals: 0, copyBytes: 0, literalBytes: 0 } };
    const { matchesAt, commandsAt, endsAt } = this.#own;
    this.#write = write;
    this.#wasm.encodeMatches(matchesAt, count, commandsAt, COMMANDS_BYTES, endsAt);
    const [first, firstLength, firstBase, last, lastLength, lastBase, copies, literals, copyBytes, literalBytes] =
      this.#offsets.subarray(endsAt / 8) as unknown as Numbers;
    return {
      ends: {
        first: { target: this.#segment.offsetOf(first), base: firstBase, length: firstLength },
        last: { target: this.#segment.offsetOf(last), base: lastBase, length: lastLength },
      },
      counts: { copies, literals, copyBytes, literalBytes },
    };
  }

  /** Where an offset in the base is held; 0 where it is not, or outside the base. */
  #heldAddress(offset: number): number {
    if (offset < 0 || offset >= this.#baseBytes) return 0;
    const place = this.#words[this.#layout.placesAt / 4 + Math.floor(offset / PAGE_BYTES)]!;
    return place === 0 ? 0 : this.#layout.heldAt + (place - 1) * PAGE_BYTES + (offset % PAGE_BYTES);
  }
}
