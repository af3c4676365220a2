import { gapsOf, type Gap, type Stretches } from './gaps.ts';
import { readFully } from './files.ts';
import { CHUNK_BYTES, COUNTER_AT, PIECE_BYTES, SEGMENT_BYTES, type Layout } from './layout.ts';
import { Matcher, type BaseWindow, type FineIndex } from './matcher.ts';
import type { Matches } from './matches.ts';

/** What a thread needs to start: everything can be posted to a worker. */
export interface LaneSetup {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: Layout;
  /** Which of the layout's lanes this thread is. */
  lane: number;
  basePath: string;
  targetPath: string;
  targetBytes: number;
}

/** A phase of the work: pieces of it are taken by all threads until none is left. */
export type Phase =
  /** Read the window, and enter it into the coarse index where that is wanted. Piece: a chunk of the base. */
  | { kind: 'load'; window: BaseWindow; index: boolean }
  /** Find long matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'coarse'; window: BaseWindow } & OpenSegments)
  /** Enter what no match uses into the fine index. Piece: a part of the table. */
  | { kind: 'index-fine'; window: BaseWindow; stretches: Stretches; index: FineIndex; parts: number }
  /** Find short matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'fine'; window: BaseWindow; index: FineIndex } & OpenSegments);

/** Segments of the target to work on, and the matches of each that are known already. */
export interface OpenSegments {
  segments: readonly number[];
  known: readonly Matches[];
}

/** What one thread found in a phase, by segment. */
export type Found = Array<[segment: number, matches: Matches]>;

/** Literals are judged together until there are so many of them: fewer say little. */
const LITERAL_SAMPLE_BYTES = 8 * 1024;

/** Gaps so near to one another are read in one go. */
const READ_TOGETHER_BYTES = 4096;

/** How many pieces a phase has. */
export function piecesOf(phase: Phase): number {
  if (phase.kind === 'load') return Math.ceil(phase.window.sizeBytes / CHUNK_BYTES);
  return phase.kind === 'index-fine' ? phase.parts : phase.segments.length;
}

/** One thread's part of the work, over memory that it shares with the others. */
export class Lane {
  readonly #matcher: Matcher;
  readonly #counter: Int32Array;
  readonly #targetBytes: number;
  readonly #fds: { base: number; target: number };

  /** @param fds open for reading */
  constructor(setup: LaneSetup, fds: { base: number; target: number }) {
    this.#matcher = new Matcher(setup.module, setup.memory, setup.layout, setup.lane);
    this.#counter = new Int32Array(setup.memory.buffer, COUNTER_AT, 1);
    this.#targetBytes = setup.targetBytes;
    this.#fds = fds;
  }

  /**
   * Takes pieces of a phase until none is left.
   *
   * @param pause awaited between pieces
   */
  async run(phase: Phase, pause?: () => Promise<void>): Promise<Found> {
    const found: Found = [];
    const pieces = piecesOf(phase);
    this.#matcher.useWindow(phase.window);
    for (;;) {
      const piece = Atomics.add(this.#counter, 0, 1);
      if (piece >= pieces) return found;
      if (phase.kind === 'load') this.#load(phase.window, phase.index, piece);
      else if (phase.kind === 'index-fine') this.#indexFine(phase, piece);
      else found.push([phase.segments[piece]!, this.#fill(phase, phase.segments[piece]!, phase.known[piece]!)]);
      if (pause !== undefined) await pause();
    }
  }

  #load(window: BaseWindow, index: boolean, chunk: number): void {
    const start = window.start + chunk * CHUNK_BYTES;
    const end = Math.min(start + CHUNK_BYTES, window.start + window.sizeBytes);
    readFully(this.#fds.base, this.#matcher.basePlace(start, end), start);
    if (index) this.#matcher.indexCoarse(start, end);
  }

  #indexFine(phase: Extract<Phase, { kind: 'index-fine' }>, part: number): void {
    const { stretches, index, parts } = phase;
    this.#matcher.clearFine(index, part, parts);
    for (let at = 0; at + 1 < stretches.length; at += 2) {
      const end = stretches[at + 1]!;
      for (let start = stretches[at]!; start < end; start += CHUNK_BYTES) {
        this.#matcher.indexFine(start, Math.min(end, start + CHUNK_BYTES), index, part, parts);
      }
    }
  }

  /** The matches of a segment: those known, and what this phase finds between them. */
  #fill(phase: Extract<Phase, { kind: 'coarse' | 'fine' }>, segment: number, known: Matches): Matches {
    const start = segment * SEGMENT_BYTES;
    const end = Math.min(start + SEGMENT_BYTES, this.#targetBytes);
    const gaps = gapsOf(known, start, end);
    if (gaps.length === 0) return known;
    this.#matcher.begin(start, known);
    this.#readGaps(gaps);
    if (phase.kind === 'coarse') for (const gap of gaps) this.#matcher.scanCoarse(gap.start, gap.end, gap.before);
    else this.#fine(gaps, phase.index);
    return this.#matcher.take();
  }

  #fine(gaps: readonly Gap[], index: FineIndex): void {
    const pieces = gaps.flatMap((gap) => cut(gap));
    for (let first = 0; first < pieces.length; ) {
      let next = first;
      for (let sample = 0; next < pieces.length && sample < LITERAL_SAMPLE_BYTES; next += 1) sample += pieces[next]!.end - pieces[next]!.start;
      const group = pieces.slice(first, next);
      const literalCost = this.#matcher.literalCostOf(group);
      for (const { start, end, before, after } of group) this.#matcher.refine(start, end, index, [before, after, 0], literalCost);
      first = next;
    }
  }

  #readGaps(gaps: readonly Gap[]): void {
    for (let first = 0; first < gaps.length; ) {
      const { start } = gaps[first]!;
      let { end } = gaps[first]!;
      for (first += 1; first < gaps.length && gaps[first]!.start - end <= READ_TOGETHER_BYTES; first += 1) ({ end } = gaps[first]!);
      readFully(this.#fds.target, this.#matcher.targetPlace(start, end), start);
    }
  }
}

/** A gap in pieces that can be parsed in one go. */
function cut(gap: Gap): Gap[] {
  const pieces: Gap[] = [];
  for (let { start } = gap; start < gap.end; start += PIECE_BYTES) pieces.push({ ...gap, start, end: Math.min(gap.end, start + PIECE_BYTES) });
  return pieces;
}
