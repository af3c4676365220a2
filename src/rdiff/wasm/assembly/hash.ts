// Hashes of short windows: a few multiplications, no rolling state, since a look-up
// happens only where no match covers the target.

const A: u64 = 0x9e3779b97f4a7c15;
const B: u64 = 0xc2b2ae3d27d4eb4f;

/** Bytes of the window of the coarse index. */
export const COARSE_WINDOW: u32 = 32;

/** Bytes of the window of the fine index. */
export const FINE_WINDOW: u32 = 12;

/** Hash of the 32 bytes at `p`, its upper bits the good ones. */
// @ts-ignore: decorator
@inline
export function hash32(p: usize): u64 {
  const x = (load<u64>(p) ^ rotl<u64>(load<u64>(p, 16), 23)) * A;
  const y = (load<u64>(p, 8) ^ rotl<u64>(load<u64>(p, 24), 41)) * B;
  return (x ^ (y >> 29) ^ y) * A;
}

/** Hash of the 16 bytes at `p`. */
// @ts-ignore: decorator
@inline
export function hash16(p: usize): u64 {
  return (load<u64>(p) ^ rotl<u64>(load<u64>(p, 8), 23)) * A;
}

/** Hash of the 12 bytes at `p`. */
// @ts-ignore: decorator
@inline
export function hash12(p: usize): u64 {
  const x = load<u64>(p) * A;
  return (x ^ (x >> 32) ^ (<u64>load<u32>(p, 8) * B)) * A;
}
