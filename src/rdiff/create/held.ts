/**
 * The stretches of the base that the second pass looks at, held in memory page
 * by page. See assembly/held.ts for how the threads find their way in them.
 */
import { unusedStretches, type Stretch } from './gaps.ts';
import { PAGE_BYTES, PAGE_ENTRY_BYTES, USED_BLOCK_BYTES, type Layout } from './layout.ts';

const ENTRY_WORDS = PAGE_ENTRY_BYTES / 4;

/** A part of the base of which so much is unused that it fits into memory. */
export interface HeldWindow {
  /** Offset of the first page and of what follows the last, in the base. */
  start: number;
  end: number;
  /** How much of it no match uses. */
  unusedBytes: number;
  /** How many pages that touches, or one more: what stands around a stretch is cut off at the window's border. */
  pages: number;
}

/**
 * Cuts the base into parts of which no more than `pagesMax` pages are unused.
 * At least one, empty when matches use everything.
 *
 * @param used a byte for each block of the base, see gaps.ts
 */
export function heldWindows(used: Uint8Array, baseBytes: number, pagesMax: number): [HeldWindow, ...HeldWindow[]] {
  const first: HeldWindow = { start: 0, end: baseBytes, unusedBytes: 0, pages: 0 };
  const windows: [HeldWindow, ...HeldWindow[]] = [first];
  let window = first;
  let nextPage = 0;
  for (const { start, end } of unusedStretches(used, 0, baseBytes)) {
    const lastPage = Math.ceil(end / PAGE_BYTES);
    for (let from = start; from < end;) {
      nextPage = Math.max(nextPage, Math.floor(from / PAGE_BYTES));
      const upTo = Math.min(lastPage, nextPage + pagesMax - window.pages);
      const to = Math.min(end, upTo * PAGE_BYTES);
      window.pages += upTo - nextPage;
      window.unusedBytes += Math.max(0, to - from);
      from = Math.max(from, to);
      nextPage = upTo;
      if (from >= end) break;
      window.end = upTo * PAGE_BYTES;
      window = { start: window.end, end: baseBytes, unusedBytes: 0, pages: 0 };
      windows.push(window);
    }
  }
  return windows;
}

/** The stretches of a window that no match uses, as offsets in the base. */
export function* stretchesOf(window: HeldWindow, bytes: Uint8Array, layout: Layout): Generator<Stretch> {
  const from = layout.usedAt + window.start / USED_BLOCK_BYTES;
  const blocks = Math.ceil((window.end - window.start) / USED_BLOCK_BYTES);
  yield* unusedStretches(bytes.subarray(from, from + blocks), window.start, window.end - window.start);
}

/**
 * Gives the unused pages of a window their places, those that follow one another side by side.
 *
 * @returns how many, at most the window's
 */
export function placePages(window: HeldWindow, baseBytes: number, buffer: ArrayBufferLike, layout: Layout): number {
  const places = new Uint32Array(buffer, layout.placesAt, Math.ceil(baseBytes / PAGE_BYTES)).fill(0);
  const entries = new Uint32Array(buffer, layout.pagesAt, layout.heldPages * ENTRY_WORDS);
  let held = 0;
  let runFirst = 0;
  let nextPage = -1;
  const endRun = (): void => {
    const start = layout.heldAt + runFirst * PAGE_BYTES;
    const end = layout.heldAt + held * PAGE_BYTES - Math.max(0, nextPage * PAGE_BYTES - baseBytes);
    for (let at = runFirst * ENTRY_WORDS; at < held * ENTRY_WORDS; at += ENTRY_WORDS) {
      entries[at] = start;
      entries[at + 1] = end;
    }
    runFirst = held;
  };
  for (const { start, end } of stretchesOf(window, new Uint8Array(buffer), layout)) {
    const first = Math.floor(start / PAGE_BYTES);
    if (first > nextPage) endRun();
    for (let page = Math.max(first, nextPage); page * PAGE_BYTES < end; page += 1) {
      entries[held * ENTRY_WORDS + 2] = page;
      held += 1;
      places[page] = held;
      nextPage = page + 1;
    }
  }
  endRun();
  return held;
}
