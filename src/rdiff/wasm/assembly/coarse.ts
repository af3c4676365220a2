// The first pass: long matches, found through an index of 32-byte windows of the
// whole base at a stride.
//
// A bucket holds one address, whose low bits, which are 0 since windows start at
// multiples of 256, are a tag of the hash: only one look-up in 256 then reads the base
// in vain. It is the lowest of those that fell into it, whatever the
// order in which threads came by: so the index is the same for any number of them.
//
// One probe per target byte, and every extension ends in a match that covers what
// it compared: the pass is linear whatever the bytes are.
import { equal32, matchBackward, matchForward } from './compare';
import { COARSE_WINDOW, hash32 } from './hash';

/** What a window's entry holds below its address. */
const TAG_MASK: u32 = 0xff;

/** A look-up at every third byte: odd, so that a match of 3 times the stride is certainly met; what is shorter the second pass finds. */
const PROBE_STEP: usize = 3;

// @ts-ignore: decorator
@inline
function tagOf(hash: u64): u32 {
  return <u32>(hash >> 16) & TAG_MASK;
}

/** Enters the windows at from, from + stride, ... that end before `to`; all multiples of 256. */
export function indexCoarse(table: usize, shift: u32, from: usize, to: usize, stride: u32): void {
  for (let p = from; p + COARSE_WINDOW <= to; p += stride) {
    const hash = hash32(p);
    const slot = table + (<usize>(hash >> shift) << 2);
    const entry = <u32>p | tagOf(hash);
    let held = atomic.load<u32>(slot);
    while (held == 0 || held > entry) {
      const found = atomic.cmpxchg<u32>(slot, held, entry);
      if (found == held) break;
      held = found;
    }
  }
}

/**
 * Finds matches of at least 32 bytes between the target bytes [from, to) and the
 * base [base, baseEnd), in order and not overlapping.
 *
 * @param diagonal where a match is to be expected: base address minus target address, in
 *   wrapping arithmetic
 * @param out gets (target address, base address, length) as u32 each
 * @returns how many
 */
export function scanCoarse(table: usize, shift: u32, from: usize, to: usize, base: usize, baseEnd: usize, diagonal: usize, out: usize): u32 {
  if (baseEnd - base < COARSE_WINDOW) return 0;
  const last = baseEnd - COARSE_WINDOW;
  let count: u32 = 0;
  let covered = from;
  let i = from;
  while (i + COARSE_WINDOW <= to) {
    let source = i + diagonal;
    if (source < base || source > last || !equal32(source, i)) {
      const hash = hash32(i);
      const entry = load<u32>(table + (<usize>(hash >> shift) << 2));
      source = <usize>(entry & ~TAG_MASK);
      if (entry == 0 || (entry & TAG_MASK) != tagOf(hash) || !equal32(source, i)) {
        i += PROBE_STEP;
        continue;
      }
    }
    const ahead = COARSE_WINDOW + matchForward(source + COARSE_WINDOW, i + COARSE_WINDOW, <u32>min(to - i, baseEnd - source) - COARSE_WINDOW);
    const back = matchBackward(source, i, <u32>min(i - covered, source - base));
    store<u32>(out, <u32>(i - back));
    store<u32>(out, <u32>(source - back), 4);
    store<u32>(out, back + ahead, 8);
    out += 12;
    count++;
    diagonal = source - i;
    i += ahead;
    covered = i;
  }
  return count;
}
