// The stretches of the base that the second pass looks at, held in memory page by page:
// pages that follow one another in the base do so here as well and make a run, and no
// match leaves its run. Beside them stands for each page where its run begins and ends
// and which page of the base it is. create/held.ts fills both.

/** PAGE_BYTES in create/layout.ts. */
const PAGE_BITS: usize = 12;

/** Run start, run end (addresses), page of the base, unused: 32 bits each. */
const ENTRY_BITS: usize = 4;

// @ts-ignore: decorator
@inline
function entryOf(pages: usize, held: usize, s: usize): usize {
  return pages + (((s - held) >> PAGE_BITS) << ENTRY_BITS);
}

/** Where the run begins that `s` is in. */
// @ts-ignore: decorator
@inline
export function runStart(pages: usize, held: usize, s: usize): usize {
  return load<u32>(entryOf(pages, held, s));
}

/** Where it ends. */
// @ts-ignore: decorator
@inline
export function runEnd(pages: usize, held: usize, s: usize): usize {
  return load<u32>(entryOf(pages, held, s), 4);
}

/** The base offset of what is at `s`. */
// @ts-ignore: decorator
@inline
export function baseOffset(pages: usize, held: usize, s: usize): f64 {
  return <f64>(((<u64>load<u32>(entryOf(pages, held, s), 8)) << PAGE_BITS) + (s & ((1 << PAGE_BITS) - 1)));
}
