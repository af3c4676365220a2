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
  WASM_MATCH_BYTES,
  type LaneLayout,
  type Layout,
} from './layout.ts';
import type { SegmentCommands } from './match-file.ts';
import { MATCH_STRIDE, MatchBuffer, type Matches } from './matches.ts';
import { instantiate } from '../wasm.ts';

/** The functions of match.wasm; see src/rdiff/wasm/assembly/. */
interface MatchExports {
  indexAnchors(
    table: number,
    filter: number,
    shift: number,
    tagBits: number,
    number: number,
    from: number,
    to: number,
  ): void;
  followDiagonals(
    table: number,
    filter: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    runs: number,
    coarseBits: number,
    from: number,
    to: number,
    cache: number,
    baseBytes: number,
    expected: number,
    out: number,
  ): number;
  indexCoarse(
    table: number,
    runs: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    number: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
  scanCoarse(
    table: number,
    runs: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    from: number,
    to: number,
    cache: number,
    baseBytes: number,
    expected: number,
    out: number,
  ): number;
  indexFine(
    table: number,
    filter: number,
    shift: number,
    from: number,
    to: number,
    stride: number,
    part: number,
    parts: number,
    scratch: number,
  ): void;
  collectMatches(
    table: number,
    filter: number,
    shift: number,
    from: number,
    to: number,
    pages: number,
    held: number,
    before: number,
    after: number,
    hits: number,
    best: number,
  ): void;
  chooseMatches(
    best: number,
    size: number,
    costs: number,
    literal: number,
    literalHead: number,
    copy: number,
    from: number,
    pages: number,
    held: number,
    out: number,
  ): number;
  encodeMatches(matches: number, count: number, buffer: number, room: number, result: number): void;
  countBytes(counts: number, from: number, to: number): void;
  literalCost(counts: number): number;
}

/** What encodeMatches tells. */
type Numbers = [number, number, number, number, number, number, number, number, number, number];

/** Reads blocks of the base, BASE_BLOCK_BYTES each or what there is of them, to an address. */
export type LoadBase = (block: number, place: number, blocks: number) => void;

/** How the coarse index of what is left of the base was made. */
export interface CoarsePlan {
  /** The table has 2^bits words. */
  bits: number;
  /** A window stands in it at every 2^strideBits bytes. */
  strideBits: number;
}

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
  /** Offset in the target of what lies at targetAt. */
  #segmentStart = 0;
  /** Matches at matchesAt. */
  #count = 0;
  #known: Matches = new Float64Array();
  /** Where in #known the list goes on. */
  #nextKnown = 0;
  #changed = false;
  readonly #taken = new MatchBuffer();
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
   */
  indexCoarse(start: number, sizeBytes: number, { bits, strideBits }: CoarsePlan): void {
    const { at, tagBits } = this.#layout.coarse;
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
    return this.#bytes.subarray(this.#targetAddress(start), this.#targetAddress(end));
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
      this.#wasm.countBytes(countsAt, this.#targetAddress(start), this.#targetAddress(end));
    return this.#wasm.literalCost(countsAt);
  }

  /**
   * Begins a segment and its list of matches.
   *
   * @param start offset of the segment in the target
   * @param known its matches so far
   */
  begin(start: number, known: Matches): void {
    this.#segmentStart = start;
    this.#known = known;
    this.#nextKnown = 0;
    this.#count = 0;
    this.#changed = false;
  }

  /** Adds what did not move, or moved together with much else, in [start, end) of the target. */
  follow(start: number, end: number): void {
    const { at, filterAt, bits, tagBits } = this.#layout.anchors;
    this.#add(
      this.#wasm.followDiagonals(
        at,
        filterAt,
        64 - bits,
        tagBits,
        ANCHOR_STRIDE_BITS,
        this.#layout.runsAt,
        this.#layout.coarse.strideBits,
        this.#targetAddress(start),
        this.#targetAddress(end),
        this.#own.baseAt,
        this.#baseBytes,
        start,
        this.#nextMatchAt(),
      ),
    );
  }

  /**
   * Adds long matches in [start, end) of the target, where there are none yet.
   *
   * @param before base offset minus target offset of the match before
   */
  scanCoarse(start: number, end: number, before: number, { bits, strideBits }: CoarsePlan): void {
    const {
      runsAt,
      coarse: { at, tagBits },
    } = this.#layout;
    this.#keepUntil(start);
    this.#add(
      this.#wasm.scanCoarse(
        at,
        runsAt,
        64 - bits,
        tagBits,
        strideBits,
        this.#targetAddress(start),
        this.#targetAddress(end),
        this.#own.baseAt,
        this.#baseBytes,
        start + before,
        this.#nextMatchAt(),
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
    const from = this.#targetAddress(start);
    this.#keepUntil(start);
    this.#wasm.collectMatches(
      fineAt,
      filterAt,
      64 - index.bits,
      from,
      this.#targetAddress(end),
      pagesAt,
      heldAt,
      this.#heldAddress(start + diagonals.before),
      this.#heldAddress(end - 1 + diagonals.after),
      hitsAt,
      bestAt,
    );
    this.#add(
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
        this.#nextMatchAt(),
      ),
    );
  }

  /**
   * Ends the list: all matches of the segment as offsets, until the next call;
   * undefined when none came to those known.
   */
  take(): Matches | undefined {
    if (!this.#changed) return undefined;
    this.#keepUntil(Infinity);
    const matches = this.#taken.of(this.#count);
    const shift = this.#segmentStart - this.#own.targetAt;
    let at = this.#own.matchesAt;
    for (let to = 0; to < matches.length; to += MATCH_STRIDE, at += WASM_MATCH_BYTES) {
      matches[to] = this.#words[at / 4]! + shift;
      matches[to + 1] = this.#offsets[at / 8 + 1]!;
      matches[to + 2] = this.#words[at / 4 + 1]!;
    }
    return matches;
  }

  /**
   * Ends the list: what comes between the first copy of the segment and the last, as commands.
   *
   * @param write gets them, in parts; each until it returns
   */
  encode(write: (commands: Uint8Array) => void): Omit<SegmentCommands, 'pieces'> {
    this.#keepUntil(Infinity);
    if (this.#count === 0) return { counts: { copies: 0, literals: 0, copyBytes: 0, literalBytes: 0 } };
    const { matchesAt, commandsAt, endsAt } = this.#own;
    this.#write = write;
    this.#wasm.encodeMatches(matchesAt, this.#count, commandsAt, COMMANDS_BYTES, endsAt);
    const shift = this.#segmentStart - this.#own.targetAt;
    const [first, firstLength, firstBase, last, lastLength, lastBase, copies, literals, copyBytes, literalBytes] =
      this.#offsets.subarray(endsAt / 8) as unknown as Numbers;
    return {
      ends: {
        first: { target: first + shift, base: firstBase, length: firstLength },
        last: { target: last + shift, base: lastBase, length: lastLength },
      },
      counts: { copies, literals, copyBytes, literalBytes },
    };
  }

  #add(count: number): void {
    this.#count += count;
    if (count > 0) this.#changed = true;
  }

  /** Puts the known matches before an offset in the target into the list, where they belong in the order. */
  #keepUntil(offset: number): void {
    for (
      ;
      this.#nextKnown < this.#known.length && this.#known[this.#nextKnown]! < offset;
      this.#nextKnown += MATCH_STRIDE
    ) {
      const at = this.#nextMatchAt();
      this.#words[at / 4] = this.#targetAddress(this.#known[this.#nextKnown]!);
      this.#words[at / 4 + 1] = this.#known[this.#nextKnown + 2]!;
      this.#offsets[at / 8 + 1] = this.#known[this.#nextKnown + 1]!;
      this.#count += 1;
    }
  }

  #nextMatchAt(): number {
    return this.#own.matchesAt + this.#count * WASM_MATCH_BYTES;
  }

  /** Where an offset in the base is held; 0 where it is not, or outside the base. */
  #heldAddress(offset: number): number {
    if (offset < 0 || offset >= this.#baseBytes) return 0;
    const place = this.#words[this.#layout.placesAt / 4 + Math.floor(offset / PAGE_BYTES)]!;
    return place === 0 ? 0 : this.#layout.heldAt + (place - 1) * PAGE_BYTES + (offset % PAGE_BYTES);
  }

  #targetAddress(offset: number): number {
    return this.#own.targetAt + offset - this.#segmentStart;
  }
}
