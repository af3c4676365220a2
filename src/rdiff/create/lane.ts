import { CHUNK_BYTES, COARSE_STRIDE, COUNTER_AT, SEGMENT_BYTES, WASM_MATCH_WORDS, type LaneLayout, type Layout } from './layout.ts';
import { instantiate } from '../wasm.ts';
import { MATCH_STRIDE, type Matches } from './matches.ts';
import { readFully } from './files.ts';

/** The functions of match.wasm; see src/rdiff/wasm/assembly/. */
interface MatchExports {
  indexCoarse(table: number, shift: number, from: number, to: number, stride: number): void;
  scanCoarse(table: number, shift: number, from: number, to: number, base: number, baseEnd: number, rep: number, out: number): number;
}

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

/** A stretch of the base that lies in wasm memory. */
export interface BaseWindow {
  /** Its offset in the base. */
  start: number;
  sizeBytes: number;
}

/** A phase of the work: pieces of it are taken by all threads until none is left. */
export type Phase =
  /** Read the window and enter it into the coarse index. Piece: a chunk of the base. */
  | { kind: 'load'; window: BaseWindow }
  /** Find long matches. Piece: a segment of the target. */
  | { kind: 'coarse'; window: BaseWindow; segments: number };

/** What one thread found in a phase, by segment. */
export type Found = Array<[segment: number, matches: Matches]>;

/** How many pieces a phase has. */
export function piecesOf(phase: Phase): number {
  return phase.kind === 'load' ? Math.ceil(phase.window.sizeBytes / CHUNK_BYTES) : phase.segments;
}

/** One thread's part of the work, over memory that it shares with the others. */
export class Lane {
  readonly #wasm: MatchExports;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #counter: Int32Array;
  readonly #layout: Layout;
  readonly #own: LaneLayout;
  readonly #shift: number;

  /** @param baseFd, targetFd open for reading */
  constructor(private readonly setup: LaneSetup, private readonly baseFd: number, private readonly targetFd: number) {
    const { buffer } = setup.memory;
    this.#wasm = instantiate<MatchExports>(setup.module, setup.memory);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#counter = new Int32Array(buffer, COUNTER_AT, 1);
    this.#layout = setup.layout;
    const own = setup.layout.lanes[setup.lane];
    if (own === undefined) throw new RangeError(`there is no lane ${setup.lane}`);
    this.#own = own;
    this.#shift = 64 - setup.layout.coarseBits;
  }

  /**
   * Takes pieces of a phase until none is left.
   *
   * @param pause awaited between pieces
   */
  async run(phase: Phase, pause?: () => Promise<void>): Promise<Found> {
    const found: Found = [];
    const pieces = piecesOf(phase);
    for (;;) {
      const piece = Atomics.add(this.#counter, 0, 1);
      if (piece >= pieces) return found;
      if (phase.kind === 'load') this.#load(phase.window, piece);
      else found.push([piece, this.#coarse(phase.window, piece)]);
      if (pause !== undefined) await pause();
    }
  }

  #load(window: BaseWindow, chunk: number): void {
    const { baseAt, coarseAt } = this.#layout;
    const start = chunk * CHUNK_BYTES;
    const size = Math.min(CHUNK_BYTES, window.sizeBytes - start);
    readFully(this.baseFd, this.#bytes.subarray(baseAt + start, baseAt + start + size), window.start + start);
    this.#wasm.indexCoarse(coarseAt, this.#shift, baseAt + start, baseAt + start + size, COARSE_STRIDE);
  }

  #coarse(window: BaseWindow, segment: number): Matches {
    const { baseAt, coarseAt } = this.#layout;
    const { targetAt, matchesAt } = this.#own;
    const start = segment * SEGMENT_BYTES;
    const size = Math.min(SEGMENT_BYTES, this.setup.targetBytes - start);
    readFully(this.targetFd, this.#bytes.subarray(targetAt, targetAt + size), start);
    // The likeliest place is the same one: most of an image does not move.
    const rep = start >= window.start && start < window.start + window.sizeBytes ? baseAt + start - window.start : 0;
    const count = this.#wasm.scanCoarse(coarseAt, this.#shift, targetAt, targetAt + size, baseAt, baseAt + window.sizeBytes, rep, matchesAt);
    return this.#takeMatches(count, start - targetAt, window.start - baseAt);
  }

  /** Copies matches out of wasm memory, adding what turns addresses into offsets. */
  #takeMatches(count: number, targetShift: number, baseShift: number): Matches {
    const matches = new Float64Array(count * MATCH_STRIDE);
    const from = this.#own.matchesAt / 4;
    for (let one = 0; one < count; one += 1) {
      matches[one * MATCH_STRIDE] = this.#words[from + one * WASM_MATCH_WORDS]! + targetShift;
      matches[one * MATCH_STRIDE + 1] = this.#words[from + one * WASM_MATCH_WORDS + 1]! + baseShift;
      matches[one * MATCH_STRIDE + 2] = this.#words[from + one * WASM_MATCH_WORDS + 2]!;
    }
    return matches;
  }
}
