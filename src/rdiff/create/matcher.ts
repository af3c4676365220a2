import type { OpenGap } from './gaps.ts';
import { COARSE_STRIDE, FILTER_BYTES_PER_BUCKET, FINE_BUCKET_BYTES, USED_BLOCK_BYTES, WASM_MATCH_WORDS, type LaneLayout, type Layout } from './layout.ts';
import { MATCH_STRIDE, MatchBuffer, type Matches } from './matches.ts';
import { WASM_PAGE_BYTES, instantiate } from '../wasm.ts';

/** The functions of match.wasm; see src/rdiff/wasm/assembly/. */
interface MatchExports {
  indexCoarse(table: number, runs: number, shift: number, from: number, to: number, stride: number): void;
  scanCoarse(table: number, runs: number, shift: number, from: number, to: number, base: number, baseEnd: number, diagonal: number, out: number): number;
  indexFine(table: number, filter: number, shift: number, from: number, to: number, stride: number, part: number, parts: number, scratch: number): void;
  collectMatches(table: number, filter: number, shift: number, from: number, to: number, base: number, baseEnd: number, diagonalA: number, diagonalB: number, diagonalC: number, hits: number, best: number): void;
  chooseMatches(best: number, size: number, costs: number, literal: number, literalHead: number, copy: number, from: number, out: number): number;
  matchForward(a: number, b: number, max: number): number;
  matchBackward(a: number, b: number, max: number): number;
  countBytes(counts: number, from: number, to: number): void;
  literalCost(counts: number): number;
}

/** A stretch of the base that lies in wasm memory. */
export interface BaseWindow {
  /** Its offset in the base. */
  start: number;
  sizeBytes: number;
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

const WASM_MATCH_BYTES = 4 * WASM_MATCH_WORDS;

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
  readonly #layout: Layout;
  readonly #own: LaneLayout;
  #window: BaseWindow = { start: 0, sizeBytes: 0 };
  /** Offset in the target of what lies at targetAt. */
  #segmentStart = 0;
  /** Matches at matchesAt. */
  #count = 0;
  #known: Matches = new Float64Array();
  /** Where in #known the list goes on. */
  #nextKnown = 0;
  /** End of the last match that is new, in the target, and its diagonal. */
  #newUntil = 0;
  #newDiagonal = 0;
  #changed = false;
  readonly #taken = new MatchBuffer();

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, layout: Layout, lane: number) {
    const own = layout.lanes[lane];
    if (own === undefined) throw new RangeError(`there is no lane ${lane}`);
    this.#wasm = instantiate<MatchExports>(module, memory);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#layout = layout;
    this.#own = own;
  }

  useWindow(window: BaseWindow): void {
    this.#window = window;
  }

  /** Which blocks of the window matches use, see gaps.ts. */
  usedBlocks(): Uint8Array {
    const { usedAt } = this.#layout;
    return this.#bytes.subarray(usedAt, usedAt + Math.ceil(this.#window.sizeBytes / USED_BLOCK_BYTES));
  }

  /** The place of [start, end) of the base. */
  basePlace(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#baseAddress(start), this.#baseAddress(end));
  }

  /** The place of [start, end) of the target; in the segment. */
  targetPlace(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#targetAddress(start), this.#targetAddress(end));
  }

  indexCoarse(start: number, end: number): void {
    this.#wasm.indexCoarse(this.#layout.coarseAt, this.#layout.runsAt, 64 - this.#layout.coarseBits, this.#baseAddress(start), this.#baseAddress(end), COARSE_STRIDE);
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

  /** Enters [start, end) of the base into one part of the fine index. */
  indexFine(start: number, end: number, index: FineIndex, part: number, parts: number): void {
    this.#wasm.indexFine(this.#layout.fineAt, this.#layout.filterAt, 64 - index.bits, this.#baseAddress(start), this.#baseAddress(end), index.strideBytes, part, parts, this.#own.bestAt);
  }

  /** What a literal byte costs that is like those of these stretches of the target, in 1/16 byte. */
  literalCostOf(stretches: Iterable<{ start: number; end: number }>): LiteralCost {
    const { countsAt } = this.#own;
    this.#words.fill(0, countsAt / 4, countsAt / 4 + 256);
    for (const { start, end } of stretches) this.#wasm.countBytes(countsAt, this.#targetAddress(start), this.#targetAddress(end));
    return this.#wasm.literalCost(countsAt);
  }

  /**
   * Begins a segment and its list of matches.
   *
   * @param start offset of the segment in the target
   * @param known its matches so far; their bases may lie outside the window
   */
  begin(start: number, known: Matches): void {
    this.#segmentStart = start;
    this.#known = known;
    this.#nextKnown = 0;
    this.#count = 0;
    this.#newUntil = start;
    this.#newDiagonal = 0;
    this.#changed = false;
  }

  /**
   * Adds matches of 32 bytes and more in a gap. One that goes on beyond it takes
   * the place of known matches, most of them from other windows, that it covers:
   * pieces of something similar, found before this came by.
   */
  scanCoarse({ start: gapStart, end, before, reachStart, reachEnd }: OpenGap): void {
    const { baseAt, coarseAt, coarseBits, runsAt } = this.#layout;
    const start = Math.max(gapStart, this.#newUntil);
    if (start >= end) return;
    this.#keepUntil(start);
    const place = start + before - this.#window.start;
    const diagonal = this.#changed && (place < 0 || place >= this.#window.sizeBytes) ? this.#newDiagonal : before;
    const first = this.#nextMatchAt() / 4;
    const count = this.#wasm.scanCoarse(coarseAt, runsAt, 64 - coarseBits, this.#targetAddress(start), this.#targetAddress(end), baseAt, baseAt + this.#window.sizeBytes, diagonal + this.#diagonalShift(), 4 * first);
    if (count === 0) return;
    this.#count += count;
    this.#changed = true;
    if (this.#words[first] === this.#targetAddress(start)) this.#joinBefore(first, Math.max(reachStart, this.#newUntil));
    this.#joinAfter(end, reachEnd);
  }

  /** Lets the match at a word of the list go on before its start, over whole known matches. */
  #joinBefore(first: number, reachStart: number): void {
    const [target, source, length] = [this.#words[first]!, this.#words[first + 1]!, this.#words[first + 2]!];
    const from = target - this.#wasm.matchBackward(source, target, Math.min(target - this.#targetAddress(reachStart), source - this.#layout.baseAt));
    const list = this.#own.matchesAt / 4;
    let at = first;
    while (at > list && this.#words[at - WASM_MATCH_WORDS]! >= from) at -= WASM_MATCH_WORDS;
    if (at === first) return;
    const start = at === list ? from : Math.max(from, this.#words[at - WASM_MATCH_WORDS]! + this.#words[at - 1]!);
    this.#words.copyWithin(at, first, list + this.#count * WASM_MATCH_WORDS);
    this.#count -= (first - at) / WASM_MATCH_WORDS;
    this.#words[at] = start;
    this.#words[at + 1] = source - (target - start);
    this.#words[at + 2] = length + (target - start);
  }

  /** Lets the last match, if it reaches the end of its gap, go on behind it, over whole known matches and into further gaps. */
  #joinAfter(gapEnd: number, reachEnd: number): void {
    const last = this.#nextMatchAt() / 4 - WASM_MATCH_WORDS;
    const [target, source, length] = [this.#words[last]!, this.#words[last + 1]!, this.#words[last + 2]!];
    this.#newDiagonal = source - target - this.#diagonalShift();
    this.#newUntil = this.#targetOffset(target) + length;
    if (this.#newUntil < gapEnd) return;
    const baseEnd = this.#layout.baseAt + this.#window.sizeBytes;
    let end = gapEnd + this.#wasm.matchForward(source + length, target + length, Math.min(reachEnd - gapEnd, baseEnd - source - length));
    for (; this.#nextKnown < this.#known.length && this.#known[this.#nextKnown]! < end; this.#nextKnown += MATCH_STRIDE) {
      const knownStart = this.#known[this.#nextKnown]!;
      if (knownStart + this.#known[this.#nextKnown + 2]! > end) end = knownStart;
      if (end === knownStart) break;
    }
    this.#words[last + 2] = length + (end - gapEnd);
    this.#newUntil = end;
  }

  /**
   * Adds the matches to take in a piece [start, end) of the target, at most PIECE_BYTES.
   *
   * @param diagonals base offset minus target offset where matches are expected
   */
  refine(start: number, end: number, index: FineIndex, diagonals: readonly [number, number, number], literalCost: LiteralCost): void {
    const { baseAt, fineAt, filterAt } = this.#layout;
    const { hitsAt, bestAt, costsAt } = this.#own;
    const from = this.#targetAddress(start);
    const shift = this.#diagonalShift();
    const [a, b, c] = diagonals;
    this.#keepUntil(start);
    this.#wasm.collectMatches(fineAt, filterAt, 64 - index.bits, from, this.#targetAddress(end), baseAt, baseAt + this.#window.sizeBytes, a + shift, b + shift, c + shift, hitsAt, bestAt);
    const count = this.#wasm.chooseMatches(bestAt, end - start, costsAt, literalCost, LITERAL_HEAD_COST, COPY_COST, from, this.#nextMatchAt());
    this.#count += count;
    if (count > 0) this.#changed = true;
  }

  /**
   * Ends the list: all matches of the segment as offsets, until the next call;
   * undefined when none came to those known.
   */
  take(): Matches | undefined {
    if (!this.#changed) return undefined;
    this.#keepUntil(Infinity);
    const matches = this.#taken.of(this.#count);
    const targetShift = this.#segmentStart - this.#own.targetAt;
    const baseShift = this.#window.start - this.#layout.baseAt;
    let from = this.#own.matchesAt / 4;
    for (let to = 0; to < matches.length; to += MATCH_STRIDE, from += WASM_MATCH_WORDS) {
      const source = this.#words[from + 1]!;
      matches[to] = this.#words[from]! + targetShift;
      matches[to + 1] = source < WASM_PAGE_BYTES ? this.#known[source * MATCH_STRIDE + 1]! : source + baseShift;
      matches[to + 2] = this.#words[from + 2]!;
    }
    return matches;
  }

  /**
   * Puts the known matches before an offset in the target into the list, where
   * they belong in the order. In place of an address they have their number in
   * #known, which is none: matches of 32 bytes and more that leave a gap in a
   * segment are fewer than the bytes of the first page, where no buffer lies.
   */
  #keepUntil(offset: number): void {
    for (; this.#nextKnown < this.#known.length && this.#known[this.#nextKnown]! < offset; this.#nextKnown += MATCH_STRIDE) {
      const at = this.#nextMatchAt() / 4;
      this.#words[at] = this.#targetAddress(this.#known[this.#nextKnown]!);
      this.#words[at + 1] = this.#nextKnown / MATCH_STRIDE;
      this.#words[at + 2] = this.#known[this.#nextKnown + 2]!;
      this.#count += 1;
    }
  }

  #nextMatchAt(): number {
    return this.#own.matchesAt + this.#count * WASM_MATCH_BYTES;
  }

  /** What turns a diagonal of offsets into one of addresses; one that leads out of the window is found out in wasm. */
  #diagonalShift(): number {
    return this.#layout.baseAt - this.#window.start - this.#own.targetAt + this.#segmentStart;
  }

  #baseAddress(offset: number): number {
    return this.#layout.baseAt + offset - this.#window.start;
  }

  #targetOffset(address: number): number {
    return this.#segmentStart + address - this.#own.targetAt;
  }

  #targetAddress(offset: number): number {
    return this.#own.targetAt + offset - this.#segmentStart;
  }
}
