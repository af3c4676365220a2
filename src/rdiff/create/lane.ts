import { gapBytes, gapsOf, joined, type Gap, type Stretch } from './gaps.ts';
import { readFully } from './files.ts';
import type { HeldWindow } from './held.ts';
import {
  ANCHOR_STRIDE_BITS,
  BASE_BLOCK_BYTES,
  CHUNK_BYTES,
  COUNTER_AT,
  PAGE_BYTES,
  PIECE_BYTES,
  READ_BYTES,
  SEGMENT_BYTES,
  type Layout,
} from './layout.ts';
import { Matcher, type FineIndex } from './matcher.ts';
import { MatchFile, type MatchList, type Piece, type SegmentCommands } from './match-file.ts';

/** What a thread needs to start: everything can be posted to a worker. */
export interface LaneSetup {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: Layout;
  /** Which of the layout's lanes this thread is. */
  lane: number;
  basePath: string;
  targetPath: string;
  baseBytes: number;
  targetBytes: number;
  /** The file of matches, open; threads of a process share it. */
  matchesFd: number;
}

/** A phase of the work: pieces of it are taken by all threads until none is left. */
export type Phase =
  /** Enter the anchors of the base. Piece: so many that one read of a chunk would hold them. */
  | { kind: 'index-anchors' }
  /** Find what did not move, or moved together with much else. Piece: a segment of the target. */
  | ({ kind: 'follow' } & OpenSegments)
  /** Enter what that left over of the base into the coarse index, of 2^bits words. Piece: a chunk of the base. */
  | { kind: 'index-coarse'; bits: number }
  /** Find long matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'coarse'; bits: number } & OpenSegments)
  /** Read the pages of the base that have a place. Piece: so many of them as make a chunk. */
  | { kind: 'hold'; pages: number }
  /** Enter it into the fine index. Piece: a part of the table. */
  | { kind: 'index-fine'; window: HeldWindow; index: FineIndex; parts: number }
  /** Find short matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'fine'; index: FineIndex } & OpenSegments)
  /** Nothing is looked for any more. Piece: a segment of the target. */
  | ({ kind: 'encode' } & OpenSegments);

/** Segments of the target to work on, and the matches of each that are known already. */
export interface OpenSegments {
  segments: readonly number[];
  known: readonly MatchList[];
}

/** What one thread found in a phase: matches of segments, or, where no phase comes after, their commands. */
export type Found = Array<{ segment: number; list: MatchList } | { segment: number; commands: SegmentCommands }>;

/** Literals are judged together until there are so many of them: fewer say little. */
const LITERAL_SAMPLE_BYTES = 8 * 1024;

/** Gaps so near to one another are read in one go. */
const READ_TOGETHER_BYTES = 4096;

/** A gap below this holds no window of the fine index. */
const FINE_WINDOW_BYTES = 12;

/** Bytes of an anchor. */
const ANCHOR_BYTES = 32;
const ANCHORS_PER_PIECE = 256;

/** A gap below this holds no match of the coarse pass that the one before did not find. */
const COARSE_GAP_BYTES = 64;

const PAGES_PER_PIECE = CHUNK_BYTES / PAGE_BYTES;

/** How many pieces a phase has. */
export function piecesOf(phase: Phase, baseBytes: number): number {
  if (phase.kind === 'index-anchors') return Math.ceil(baseBytes / (ANCHORS_PER_PIECE * 2 ** ANCHOR_STRIDE_BITS));
  if (phase.kind === 'index-coarse') return Math.ceil(baseBytes / CHUNK_BYTES);
  if (phase.kind === 'hold') return Math.ceil(phase.pages / PAGES_PER_PIECE);
  return phase.kind === 'index-fine' ? phase.parts : phase.segments.length;
}

/** One thread's part of the work, over memory that it shares with the others. */
export class Lane {
  readonly #matcher: Matcher;
  readonly #layout: Layout;
  readonly #counter: Int32Array;
  readonly #baseBytes: number;
  readonly #targetBytes: number;
  readonly #lists: MatchFile;
  readonly #fds: { base: number; target: number };

  /** @param fds open for reading */
  constructor(setup: LaneSetup, fds: { base: number; target: number }) {
    const bytes = new Uint8Array(setup.memory.buffer);
    this.#matcher = new Matcher(setup.module, setup.memory, setup.layout, setup.lane, {
      sizeBytes: setup.baseBytes,
      load: (block, place, blocks) => {
        const start = block * BASE_BLOCK_BYTES;
        const sizeBytes = Math.min(blocks * BASE_BLOCK_BYTES, setup.baseBytes - start);
        readFully(fds.base, bytes.subarray(place, place + sizeBytes), start);
      },
    });
    this.#layout = setup.layout;
    this.#counter = new Int32Array(setup.memory.buffer, COUNTER_AT, 1);
    this.#baseBytes = setup.baseBytes;
    this.#targetBytes = setup.targetBytes;
    this.#lists = new MatchFile(setup.matchesFd, setup.memory);
    this.#fds = fds;
  }

  /**
   * Takes pieces of a phase until none is left.
   *
   * @param pause awaited between pieces, and in long ones
   */
  async run(phase: Phase, pause?: () => Promise<void>): Promise<Found> {
    const found: Found = [];
    const pieces = piecesOf(phase, this.#baseBytes);
    for (;;) {
      const piece = Atomics.add(this.#counter, 0, 1);
      if (piece >= pieces) return found;
      if (phase.kind === 'index-anchors') this.#indexAnchors(piece);
      else if (phase.kind === 'index-coarse') this.#indexCoarse(piece, phase.bits);
      else if (phase.kind === 'hold') this.#hold(phase.pages, piece);
      else if (phase.kind === 'index-fine') await this.#indexFine(phase, piece, pause);
      else {
        const segment = phase.segments[piece]!;
        const known = phase.known[piece]!;
        if (phase.kind === 'fine' || phase.kind === 'encode')
          found.push({ segment, commands: this.#finish(phase, segment, known) });
        else found.push({ segment, list: this.#fill(phase, segment, known) });
      }
      if (pause !== undefined) await pause();
    }
  }

  #indexAnchors(piece: number): void {
    const first = piece * ANCHORS_PER_PIECE;
    const stride = 2 ** ANCHOR_STRIDE_BITS;
    const count = Math.min(ANCHORS_PER_PIECE, Math.floor((this.#baseBytes - ANCHOR_BYTES) / stride) + 1 - first);
    const place = this.#matcher.readPlace(count * ANCHOR_BYTES);
    for (let one = 0; one < count; one += 1)
      readFully(this.#fds.base, place.subarray(one * ANCHOR_BYTES, (one + 1) * ANCHOR_BYTES), (first + one) * stride);
    this.#matcher.indexAnchors(first, count * ANCHOR_BYTES);
  }

  #indexCoarse(chunk: number, bits: number): void {
    const start = chunk * CHUNK_BYTES;
    const end = Math.min(start + CHUNK_BYTES, this.#baseBytes);
    const stride = 2 ** this.#layout.coarse.strideBits;
    for (const stretch of joined(this.#matcher.unusedBlocks(start, end), READ_TOGETHER_BYTES))
      for (let from = Math.ceil(stretch.start / stride) * stride; from < stretch.end; from += READ_BYTES) {
        const sizeBytes = Math.min(READ_BYTES, stretch.end - from);
        readFully(this.#fds.base, this.#matcher.readPlace(sizeBytes), from);
        this.#matcher.indexCoarse(from, sizeBytes, bits);
      }
  }

  #hold(count: number, piece: number): void {
    const end = Math.min((piece + 1) * PAGES_PER_PIECE, count);
    for (let from = piece * PAGES_PER_PIECE; from < end;) {
      const page = this.#matcher.pageHeld(from);
      let pages = 1;
      while (from + pages < end && this.#matcher.pageHeld(from + pages) === page + pages) pages += 1;
      const start = page * PAGE_BYTES;
      readFully(
        this.#fds.base,
        this.#matcher.heldPlace(from, Math.min(pages * PAGE_BYTES, this.#baseBytes - start)),
        start,
      );
      from += pages;
    }
  }

  async #indexFine(
    phase: Extract<Phase, { kind: 'index-fine' }>,
    part: number,
    pause?: () => Promise<void>,
  ): Promise<void> {
    const { window, index, parts } = phase;
    this.#matcher.clearFine(index, part, parts);
    let sincePause = 0;
    for (const { start, end } of this.#matcher.stretchesOf(window)) {
      for (let from = start; from < end; from += CHUNK_BYTES) {
        const to = Math.min(end, from + CHUNK_BYTES);
        this.#matcher.indexFine(from, to, index, part, parts);
        sincePause += to - from;
        // A part goes through all that is held: gigabytes of it, where nothing matches.
        if (pause === undefined || sincePause < CHUNK_BYTES) continue;
        sincePause = 0;
        await pause();
      }
    }
  }

  /** The matches of a segment: those known, and what this phase finds between them. */
  #fill(phase: Extract<Phase, { kind: 'follow' | 'coarse' }>, segment: number, list: MatchList): MatchList {
    const start = segment * SEGMENT_BYTES;
    const end = Math.min(start + SEGMENT_BYTES, this.#targetBytes);
    const known = this.#lists.read(list);
    this.#matcher.begin(start, known);
    if (phase.kind === 'follow') this.#follow(start, end);
    else this.#coarse(gapsOf(known, start, end, SEGMENT_BYTES), phase.bits);
    const matches = this.#matcher.take();
    return matches === undefined ? list : this.#lists.append(matches, gapBytes(matches, start, end));
  }

  /** The commands of a segment: of the matches known, and of what this phase finds between them. */
  #finish(phase: Extract<Phase, { kind: 'fine' | 'encode' }>, segment: number, list: MatchList): SegmentCommands {
    const start = segment * SEGMENT_BYTES;
    const end = Math.min(start + SEGMENT_BYTES, this.#targetBytes);
    const known = this.#lists.read(list);
    const gaps = gapsOf(known, start, end, PIECE_BYTES);
    this.#matcher.begin(start, known);
    this.#read(gaps);
    if (phase.kind === 'fine') this.#fine(gaps, phase.index);
    const pieces: Piece[] = [];
    const commands = this.#matcher.encode((bytes) => void pieces.push(this.#lists.appendBytes(bytes)));
    return { ...commands, pieces };
  }

  #follow(start: number, end: number): void {
    this.#read([{ start, end }]);
    this.#matcher.follow(start, end);
  }

  #coarse(gaps: readonly Gap[], bits: number): void {
    const wide = gaps.filter(({ start, end }) => end - start >= COARSE_GAP_BYTES);
    this.#read(wide);
    for (const { start, end, before } of wide) this.#matcher.scanCoarse(start, end, before, bits);
  }

  #fine(gaps: readonly Gap[], index: FineIndex): void {
    for (let first = 0; first < gaps.length;) {
      let next = first;
      for (let sample = 0; next < gaps.length && sample < LITERAL_SAMPLE_BYTES; next += 1)
        sample += gaps[next]!.end - gaps[next]!.start;
      const group = gaps.slice(first, next);
      const literalCost = this.#matcher.literalCostOf(group);
      for (const { start, end, before, after } of group)
        if (end - start >= FINE_WINDOW_BYTES) this.#matcher.refine(start, end, index, { before, after }, literalCost);
      first = next;
    }
  }

  /** Reads stretches of the target, and what lies between those that are near to one another. */
  #read(stretches: Iterable<Stretch>): void {
    for (const { start, end } of joined(stretches, READ_TOGETHER_BYTES))
      readFully(this.#fds.target, this.#matcher.targetPlace(start, end), start);
  }
}
