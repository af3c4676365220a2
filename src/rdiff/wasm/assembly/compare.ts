// How far two byte strings agree. Sixteen bytes at a time; the scalar functions
// beside them say the same in the plainest way and are what the tests compare with.

/** Bytes that agree from `a` and `b` upwards, at most `max`. Reads nothing beyond `max`. */
export function matchForward(a: usize, b: usize, max: u32): u32 {
  let n: u32 = 0;
  // Long matches are the bulk of an image: a test for every 64 bytes is enough for them.
  while (n + 64 <= max) {
    const lower = v128.or(
      v128.xor(v128.load(a + n), v128.load(b + n)),
      v128.xor(v128.load(a + n, 16), v128.load(b + n, 16)),
    );
    const upper = v128.or(
      v128.xor(v128.load(a + n, 32), v128.load(b + n, 32)),
      v128.xor(v128.load(a + n, 48), v128.load(b + n, 48)),
    );
    if (v128.any_true(v128.or(lower, upper))) break;
    n += 64;
  }
  while (n + 16 <= max) {
    const differ = ~i8x16.bitmask(i8x16.eq(v128.load(a + n), v128.load(b + n))) & 0xffff;
    if (differ) return n + ctz<i32>(differ);
    n += 16;
  }
  while (n < max && load<u8>(a + n) == load<u8>(b + n)) n++;
  return n;
}

/** Bytes that agree below `a` and `b` (at a - 1, b - 1, and so on), at most `max`. */
export function matchBackward(a: usize, b: usize, max: u32): u32 {
  let n: u32 = 0;
  while (n + 16 <= max) {
    const differ = ~i8x16.bitmask(i8x16.eq(v128.load(a - n - 16), v128.load(b - n - 16))) & 0xffff;
    if (differ) return n + clz<i32>(differ) - 16;
    n += 16;
  }
  while (n < max && load<u8>(a - n - 1) == load<u8>(b - n - 1)) n++;
  return n;
}

/** Whether the 32 bytes at `a` and at `b` are the same. */
// @ts-ignore: decorator
@inline
export function equal32(a: usize, b: usize): bool {
  const differ = v128.or(v128.xor(v128.load(a), v128.load(b)), v128.xor(v128.load(a, 16), v128.load(b, 16)));
  return !v128.any_true(differ);
}

/** Scalar reference of {@link matchForward}. */
export function matchForwardScalar(a: usize, b: usize, max: u32): u32 {
  let n: u32 = 0;
  while (n < max && load<u8>(a + n) == load<u8>(b + n)) n++;
  return n;
}

/** Scalar reference of {@link matchBackward}. */
export function matchBackwardScalar(a: usize, b: usize, max: u32): u32 {
  let n: u32 = 0;
  while (n < max && load<u8>(a - n - 1) == load<u8>(b - n - 1)) n++;
  return n;
}

/** Scalar reference of {@link equal32}. */
export function equal32Scalar(a: usize, b: usize): bool {
  return matchForwardScalar(a, b, 32) == 32;
}
