import type { Progress } from '../progress.ts';
import type { Crew } from './crew.ts';
import { markUsed, unusedStretches } from './gaps.ts';
import { RUNS_BYTES, SEGMENT_BYTES, USED_BLOCK_BYTES, type Layout } from './layout.ts';
import type { Found, OpenSegments } from './lane.ts';
import type { BaseWindow, FineIndex } from './matcher.ts';
import { MatchFile, type MatchList } from './match-file.ts';
import { eachMatch, type Matches } from './matches.ts';
import { runPhase } from './phase.ts';

/** What matching needs to know of the images and of who does it. */
export interface MatchJob {
  crew: Crew;
  layout: Layout;
  memory: WebAssembly.Memory;
  /** The file of matches, open and empty. */
  matchesFd: number;
  baseBytes: number;
  targetBytes: number;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** The fine index holds a window at every eighth byte of what it is for, or fewer where its table has no room for that... */
const STRIDE_BYTES = 8;

/** ...or at every fourth, where there is little of it... */
const FINEST_STRIDE_BYTES = 4;
const LITTLE_BYTES = 16 * 2 ** 20;

/** ...or where it is a large share of the base: then matches are short, as in compressed file systems, and worth the time. */
const LARGE_SHARE = 0.1;

/** Of the three that a bucket has room for. */
const FINE_ENTRIES_PER_BUCKET = 2;

/** What is left of a segment is looked for in the other windows when there is so much of it. */
const WORTH_A_SWEEP_BYTES = 4096;

/**
 * Finds what the target has in common with the base.
 *
 * @returns the matches of every segment of the target, in order; each until the next is asked for
 * @throws ReleasePlanError `interrupted` when the signal fired; whatever a thread threw
 */
export async function matchImages(job: MatchJob): Promise<Iterable<Matches>> {
  const matching = new Matching(job);
  const windows = windowsOf(job.baseBytes, job.layout.windowBytes);
  // First every segment with the part of the base where it would be if nothing had moved,
  // then what is left with the other parts, while they are there anyway.
  for (const window of windows) await matching.coarse(window, (segment) => matching.homeOf(segment, windows) === window);
  if (windows.length > 1) {
    for (const window of windows.toReversed()) await matching.coarse(window, (segment) => matching.homeOf(segment, windows) !== window && matching.lists[segment]!.leftBytes >= WORTH_A_SWEEP_BYTES);
  }
  const sources = matching.lists.map((_, segment) => matching.sourceOf(segment, windows));
  for (const window of windows) await matching.fine(window, (segment) => sources[segment] === window);
  return matching.matches();
}

/** The base in stretches that fit into wasm memory. */
function windowsOf(baseBytes: number, windowBytes: number): [BaseWindow, ...BaseWindow[]] {
  const windows: [BaseWindow, ...BaseWindow[]] = [{ start: 0, sizeBytes: Math.min(baseBytes, windowBytes) }];
  for (let start = windowBytes; start < baseBytes; start += windowBytes) windows.push({ start, sizeBytes: Math.min(windowBytes, baseBytes - start) });
  return windows;
}

/** The matches of all segments as they grow from phase to phase. */
class Matching {
  readonly lists: MatchList[];
  readonly #job: MatchJob;
  readonly #file: MatchFile;
  #loaded: BaseWindow | undefined;

  constructor(job: MatchJob) {
    this.#job = job;
    this.#file = new MatchFile(job.matchesFd, job.memory);
    this.lists = Array.from({ length: Math.ceil(job.targetBytes / SEGMENT_BYTES) }, (_, segment) => ({ at: 0, count: 0, leftBytes: Math.min(SEGMENT_BYTES, job.targetBytes - segment * SEGMENT_BYTES) }));
  }

  /** The matches of every segment, in order; each until the next is asked for. */
  *matches(): Generator<Matches> {
    for (const list of this.lists) yield this.#file.read(list);
  }

  /** The window that holds a segment's own place, or the end of the base. */
  homeOf(segment: number, windows: readonly [BaseWindow, ...BaseWindow[]]): BaseWindow {
    const start = segment * SEGMENT_BYTES;
    return windows.findLast((window) => window.start <= start) ?? windows[0];
  }

  /** The window that most of a segment was matched with, or else its home. */
  sourceOf(segment: number, windows: readonly [BaseWindow, ...BaseWindow[]]): BaseWindow {
    if (windows.length === 1) return windows[0];
    const bytes = new Map<BaseWindow, number>();
    eachMatch(this.#file.read(this.lists[segment]!), (_target, base, length) => {
      const window = windows.findLast((one) => one.start <= base) ?? windows[0];
      bytes.set(window, (bytes.get(window) ?? 0) + length);
    });
    let best: BaseWindow | undefined;
    for (const [window, matched] of bytes) if (best === undefined || matched > (bytes.get(best) ?? 0)) best = window;
    return best ?? this.homeOf(segment, windows);
  }

  /** Finds long matches of some segments in a window. */
  async coarse(window: BaseWindow, wanted: (segment: number) => boolean): Promise<void> {
    const open = this.#open(wanted);
    if (open.segments.length === 0) return;
    await this.#load(window, true);
    this.#keep(await runPhase(this.#job, { kind: 'coarse', window, ...open }));
  }

  /** Finds short matches of some segments in what no match uses of a window. */
  async fine(window: BaseWindow, wanted: (segment: number) => boolean): Promise<void> {
    const open = this.#open((segment) => wanted(segment) && this.lists[segment]!.leftBytes > 0);
    if (open.segments.length === 0) return;
    const index = planFineIndex(this.#markUsed(window), window.sizeBytes, this.#job.layout.fineBits);
    await this.#load(window, false);
    await runPhase(this.#job, { kind: 'index-fine', window, index, parts: this.#job.layout.lanes.length });
    this.#keep(await runPhase(this.#job, { kind: 'fine', window, index, ...open }));
  }

  /** Marks what matches use of a window, and adds up what they do not. */
  #markUsed(window: BaseWindow): number {
    const used = new Uint8Array(this.#job.memory.buffer, this.#job.layout.usedAt, Math.ceil(window.sizeBytes / USED_BLOCK_BYTES)).fill(0);
    for (const matches of this.matches()) markUsed(used, matches, window.start);
    let unusedBytes = 0;
    for (const { start, end } of unusedStretches(used, window.start, window.sizeBytes)) unusedBytes += end - start;
    return unusedBytes;
  }

  #open(wanted: (segment: number) => boolean): OpenSegments {
    const segments = [...this.lists.keys()].filter(wanted);
    return { segments, known: segments.map((segment) => this.lists[segment]!) };
  }

  async #load(window: BaseWindow, index: boolean): Promise<void> {
    if (this.#loaded?.start === window.start) return;
    const { coarseAt, coarseBits, runsAt } = this.#job.layout;
    // What was never loaded is all zeros, and clearing it would only make the pages.
    if (this.#loaded !== undefined && index) {
      new Uint32Array(this.#job.memory.buffer, coarseAt, 2 ** coarseBits).fill(0);
      new Uint8Array(this.#job.memory.buffer, runsAt, RUNS_BYTES).fill(0);
    }
    await runPhase(this.#job, { kind: 'load', window, index });
    this.#loaded = window;
  }

  #keep(found: Found): void {
    for (const [segment, list] of found) this.lists[segment] = list;
  }
}

/** The stride that the constants above say, and a table no larger than it needs. */
function planFineIndex(sizeBytes: number, windowBytes: number, maxBits: number): FineIndex {
  const entriesMax = FINE_ENTRIES_PER_BUCKET * 2 ** maxBits;
  let strideBytes = sizeBytes <= LITTLE_BYTES || sizeBytes >= LARGE_SHARE * windowBytes ? FINEST_STRIDE_BYTES : STRIDE_BYTES;
  while (sizeBytes / strideBytes > entriesMax) strideBytes *= 2;
  const bits = Math.ceil(Math.log2(sizeBytes / strideBytes / FINE_ENTRIES_PER_BUCKET + 1));
  return { bits: Math.min(maxBits, Math.max(10, bits)), strideBytes };
}
