// The base as the first pass sees it: a file of any size, of which each thread holds
// the blocks that it touched last. The page cache has the rest; a copy of 16 KiB out of
// it is cheaper than the pages that a whole image in memory would have to be given.
import { equal32, matchBackward, matchForward } from './compare';

/** Blocks of 16 KiB; a block is always held in the same slot. BASE_CACHE_BYTES in create/layout.ts counts on both. */
const BLOCK_BITS: u64 = 14;
const BLOCK_BYTES: u32 = 1 << 14;
const SLOTS: usize = 64;

/** Blocks that are read together where one follows on another that is held: most of an image is read in order. */
const AHEAD: usize = 4;

/** Reads `blocks` blocks of the base from `block` on, or what there is of them, to `place`. Throws when it cannot. */
// @ts-ignore: decorator
@external("env", "loadBase")
declare function loadBase(block: u32, place: usize, blocks: u32): void;

/** Where in memory a block is. Behind the slots stands for each the number of its block, plus one. */
// @ts-ignore: decorator
@inline
function placeOf(cache: usize, block: u32): usize {
  const slot = (<usize>block) & (SLOTS - 1);
  const place = cache + (slot << (<usize>BLOCK_BITS));
  const holds = cache + (SLOTS << (<usize>BLOCK_BITS)) + (slot << 2);
  if (load<u32>(holds) != block + 1) fetch(cache, block);
  return place;
}

function fetch(cache: usize, block: u32): void {
  const slot = (<usize>block) & (SLOTS - 1);
  const numbers = cache + (SLOTS << (<usize>BLOCK_BITS));
  const follows = slot && load<u32>(numbers + ((slot - 1) << 2)) == block;
  const blocks = follows ? min(AHEAD, SLOTS - slot) : 1;
  loadBase(block, cache + (slot << (<usize>BLOCK_BITS)), <u32>blocks);
  for (let one: usize = 0; one < blocks; one++) store<u32>(numbers + ((slot + one) << 2), block + 1 + <u32>one);
}

/** Bytes that agree from base offset `source` and target address `i` upwards, at most `max`. */
export function baseForward(cache: usize, source: u64, i: usize, max: u32): u32 {
  let n: u32 = 0;
  while (n < max) {
    const at = source + n;
    const within = (<u32>at) & (BLOCK_BYTES - 1);
    const room = min(BLOCK_BYTES - within, max - n);
    const got = matchForward(placeOf(cache, <u32>(at >> BLOCK_BITS)) + within, i + n, room);
    n += got;
    if (got < room) break;
  }
  return n;
}

/** Bytes that agree below base offset `source` and target address `i`, at most `max`. */
export function baseBackward(cache: usize, source: u64, i: usize, max: u32): u32 {
  let n: u32 = 0;
  while (n < max) {
    // The byte before this is the first to compare.
    const at = source - n;
    const within = ((<u32>(at - 1)) & (BLOCK_BYTES - 1)) + 1;
    const room = min(within, max - n);
    const got = matchBackward(placeOf(cache, <u32>((at - 1) >> BLOCK_BITS)) + within, i - n, room);
    n += got;
    if (got < room) break;
  }
  return n;
}

/** Whether the 32 bytes at base offset `source` and at target address `i` are the same. */
// @ts-ignore: decorator
@inline
export function baseEqual32(cache: usize, source: u64, i: usize): bool {
  const within = (<u32>source) & (BLOCK_BYTES - 1);
  if (within > BLOCK_BYTES - 32) return baseForward(cache, source, i, 32) == 32;
  return equal32(placeOf(cache, <u32>(source >> BLOCK_BITS)) + within, i);
}
