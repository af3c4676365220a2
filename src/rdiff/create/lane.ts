import { gapBytes, gapsOf, openGapsOf, unusedStretches, type Gap, type OpenGap, type Stretch } from './gaps.ts';
import { readFully } from './files.ts';
import { CHUNK_BYTES, COUNTER_AT, PIECE_BYTES, SEGMENT_BYTES, type Layout } from './layout.ts';
import { Matcher, type BaseWindow, type FineIndex } from './matcher.ts';
import { MatchFile, type MatchList } from './match-file.ts';

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
  /** The file of matches, open; threads of a process share it. */
  matchesFd: number;
}

/** A phase of the work: pieces of it are taken by all threads until none is left. */
export type Phase =
  /** Read the window, and enter it into the coarse index where that is wanted. Piece: a chunk of the base. */
  | { kind: 'load'; window: BaseWindow; index: boolean }
  /** Find long matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'coarse'; window: BaseWindow } & OpenSegments)
  /** Enter what no match uses into the fine index. Piece: a part of the table. */
  | { kind: 'index-fine'; window: BaseWindow; index: FineIndex; parts: number }
  /** Find short matches where there are none yet. Piece: a segment of the target. */
  | ({ kind: 'fine'; window: BaseWindow; index: FineIndex } & OpenSegments);

/** Segments of the target to work on, and the matches of each that are known already. */
export interface OpenSegments {
  segments: readonly number[];
  known: readonly MatchList[];
}

/** What one thread found in a phase, by segment. */
export type Found = Array<[segment: number, matches: MatchList]>;

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
  readonly #lists: MatchFile;
  readonly #fds: { base: number; target: number };

  /** @param fds open for reading */
  constructor(setup: LaneSetup, fds: { base: number; target: number }) {
    this.#matcher = new Matcher(setup.module, setup.memory, setup.layout, setup.lane);
    this.#counter = new Int32Array(setup.memory.buffer, COUNTER_AT, 1);
    this.#targetBytes = setup.targetBytes;
    this.#lists = new MatchFile(setup.matchesFd, setup.memory);
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
    const { window, index, parts } = phase;
    this.#matcher.clearFine(index, part, parts);
    for (const { start, end } of unusedStretches(this.#matcher.usedBlocks(), window.start, window.sizeBytes)) {
      for (let from = start; from < end; from += CHUNK_BYTES) this.#matcher.indexFine(from, Math.min(end, from + CHUNK_BYTES), index, part, parts);
    }
  }

  /** The matches of a segment: those known, and what this phase finds between them. */
  #fill(phase: Extract<Phase, { kind: 'coarse' | 'fine' }>, segment: number, list: MatchList): MatchList {
    const start = segment * SEGMENT_BYTES;
    const end = Math.min(start + SEGMENT_BYTES, this.#targetBytes);
    if (list.leftBytes === 0) return list;
    const known = this.#lists.read(list);
    this.#matcher.begin(start, known);
    if (phase.kind === 'coarse') this.#coarse(openGapsOf(known, start, end));
    else this.#fine(gapsOf(known, start, end), phase.index);
    const matches = this.#matcher.take();
    return matches === undefined ? list : this.#lists.append(matches, gapBytes(matches, start, end));
  }

  #coarse(gaps: readonly OpenGap[]): void {
    this.#read(gaps.map((gap) => ({ start: gap.reachStart, end: gap.reachEnd })));
    for (const gap of gaps) this.#matcher.scanCoarse(gap);
  }

  #fine(gaps: readonly Gap[], index: FineIndex): void {
    this.#read(gaps);
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

  /** Reads stretches of the target, and what lies between those that are near to one another. */
  #read(stretches: readonly Stretch[]): void {
    for (let first = 0; first < stretches.length; ) {
      const { start } = stretches[first]!;
      let { end } = stretches[first]!;
      for (first += 1; first < stretches.length && stretches[first]!.start - end <= READ_TOGETHER_BYTES; first += 1) ({ end } = stretches[first]!);
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
