import { countUsed, settleUsed } from './gaps.ts';
import { heldWindows, placePages, type HeldWindow } from './held.ts';
import { SEGMENT_BYTES, USED_BLOCK_BYTES, coarseBitsFor, type Layout } from './layout.ts';
import type { Found, OpenSegments } from './lane.ts';
import type { FineIndex } from './matcher.ts';
import { MatchFile, type MatchList, type SegmentCommands } from './match-file.ts';
import { eachMatch } from './matches.ts';
import type { MatchJob } from './job.ts';
import { runPhase } from './phase.ts';

/**
 * The fine index holds a window at every eighth byte of what it is for, or fewer where its table has no room for
 * that...
 */
const STRIDE_BYTES = 8;

/** ...or at every fourth, where there is little of it... */
const FINEST_STRIDE_BYTES = 4;
const LITTLE_BYTES = 16 * 2 ** 20;

/**
 * ...or where it is a large share of the base: then matches are short, as in compressed file systems, and worth the
 * time.
 */
const LARGE_SHARE = 0.09;

/** Of the three that a bucket has room for. */
const FINE_ENTRIES_PER_BUCKET = 2;

/**
 * Finds what the target has in common with the base.
 *
 * @returns what every segment of the target comes to in the delta, in order
 * @throws ReleasePlanError `interrupted` when the signal fired; whatever a thread threw
 */
export async function matchImages(job: MatchJob): Promise<SegmentCommands[]> {
  const matching = new Matching(job);
  if (job.baseBytes > 0) {
    await matching.follow();
    await matching.coarse();
    await matching.fine();
  }
  return await matching.encode();
}

/** The matches of all segments as they grow from phase to phase. */
class Matching {
  readonly #lists: MatchList[];
  readonly #commands: SegmentCommands[] = [];
  readonly #job: MatchJob;
  readonly #file: MatchFile;
  /** A byte for each block of the base, 1 where matches use it. */
  readonly #used: Uint8Array;

  constructor(job: MatchJob) {
    this.#job = job;
    this.#file = new MatchFile(job.matchesFd, job.memory);
    const blocks = Math.ceil(job.baseBytes / USED_BLOCK_BYTES);
    this.#used = new Uint8Array(job.memory.buffer, job.layout.usedAt, blocks);
    this.#lists = Array.from({ length: Math.ceil(job.targetBytes / SEGMENT_BYTES) }, (_, segment) => ({
      at: 0,
      count: 0,
      leftBytes: Math.min(SEGMENT_BYTES, job.targetBytes - segment * SEGMENT_BYTES),
    }));
  }

  /** Finds what did not move, or moved together with much else. */
  async follow(): Promise<void> {
    await runPhase(this.#job, { kind: 'index-anchors' });
    this.#keep(await runPhase(this.#job, { kind: 'follow', ...this.#open(() => true) }));
  }

  /** Finds long matches between what that left over. */
  async coarse(): Promise<void> {
    const bits = planCoarseBits(this.#job.layout, this.#findUsed());
    await runPhase(this.#job, { kind: 'index-coarse', bits });
    this.#keep(await runPhase(this.#job, { kind: 'coarse', bits, ...this.#open(() => true) }));
  }

  /**
   * Finds short matches in what no match uses of the base; each segment in the part that most of it was matched with.
   */
  async fine(): Promise<void> {
    const { layout, memory, baseBytes } = this.#job;
    this.#findUsed();
    const windows = heldWindows(this.#used, baseBytes, layout.heldPages);
    const sources = this.#lists.map((_, segment) => this.#sourceOf(segment, windows));
    for (const window of windows) {
      const open = this.#open((segment) => sources[segment] === window);
      if (open.segments.length === 0 || window.pages === 0) continue;
      await runPhase(this.#job, { kind: 'hold', pages: placePages(window, baseBytes, memory.buffer, layout) });
      const index = planFineIndex(window, layout.fineBits);
      await runPhase(this.#job, { kind: 'index-fine', window, index, parts: layout.lanes.length });
      this.#keep(await runPhase(this.#job, { kind: 'fine', index, ...open }));
    }
  }

  /** What every segment comes to, in order. */
  async encode(): Promise<SegmentCommands[]> {
    const open = this.#openWhere((segment) => this.#commands[segment] === undefined);
    if (open.segments.length > 0) this.#keep(await runPhase(this.#job, { kind: 'encode', ...open }));
    return this.#commands;
  }

  /**
   * The window that most of a segment was matched with, or else the one that holds its own place, or the end of the
   * base.
   */
  #sourceOf(segment: number, windows: readonly [HeldWindow, ...HeldWindow[]]): HeldWindow {
    if (windows.length === 1) return windows[0];
    const holding = (offset: number): HeldWindow => windows.findLast((window) => window.start <= offset) ?? windows[0];
    const bytes = new Map<HeldWindow, number>();
    eachMatch(this.#file.read(this.#lists[segment]!), (_target, base, length) => {
      const window = holding(base);
      bytes.set(window, (bytes.get(window) ?? 0) + length);
    });
    let best: HeldWindow | undefined;
    for (const [window, matched] of bytes) if (best === undefined || matched > (bytes.get(best) ?? 0)) best = window;
    return best ?? holding(segment * SEGMENT_BYTES);
  }

  /** Finds out which blocks of the base matches use; returns how many bytes they do not. */
  #findUsed(): number {
    this.#used.fill(0);
    for (const list of this.#lists) countUsed(this.#used, this.#file.read(list));
    return settleUsed(this.#used) * USED_BLOCK_BYTES;
  }

  #open(wanted: (segment: number) => boolean): OpenSegments {
    return this.#openWhere((segment) => this.#lists[segment]!.leftBytes > 0 && wanted(segment));
  }

  #openWhere(wanted: (segment: number) => boolean): OpenSegments {
    const segments = [...this.#lists.keys()].filter(wanted);
    return { segments, known: segments.map((segment) => this.#lists[segment]!) };
  }

  #keep(found: Found): void {
    for (const one of found)
      if ('list' in one) this.#lists[one.segment] = one.list;
      else this.#commands[one.segment] = one.commands;
  }
}

/** A table no larger than what is left of the base needs. */
const planCoarseBits = ({ coarse }: Layout, unusedBytes: number): number =>
  Math.min(coarse.bits, coarseBitsFor(unusedBytes / 2 ** coarse.strideBits));

/** The stride that the constants above say, and a table no larger than it needs. */
function planFineIndex({ start, end, unusedBytes }: HeldWindow, maxBits: number): FineIndex {
  const entriesMax = FINE_ENTRIES_PER_BUCKET * 2 ** maxBits;
  let strideBytes =
    unusedBytes <= LITTLE_BYTES || unusedBytes >= LARGE_SHARE * (end - start) ? FINEST_STRIDE_BYTES : STRIDE_BYTES;
  while (unusedBytes / strideBytes > entriesMax) strideBytes *= 2;
  const bits = Math.ceil(Math.log2(unusedBytes / strideBytes / FINE_ENTRIES_PER_BUCKET + 1));
  return { bits: Math.min(maxBits, Math.max(10, bits)), strideBytes };
}
