// MD4, for the signatures of librsync before 1.0. Broken as a hash; here it
// only has to give the same bytes.
//
// Reference: test/reference/md4.ts. See RFC 1320.

const CHUNK: u32 = 64;

/** Starts a hash of four words. */
export function begin(state: usize): void {
  store<u32>(state, 0x67452301);
  store<u32>(state, 0xefcdab89, 4);
  store<u32>(state, 0x98badcfe, 8);
  store<u32>(state, 0x10325476, 12);
}

@inline

function first(a: u32, b: u32, c: u32, d: u32, x: u32, s: u32): u32 {
  return rotl<u32>(a + ((b & c) | (~b & d)) + x, s);
}
@inline
function second(a: u32, b: u32, c: u32, d: u32, x: u32, s: u32): u32 {
  return rotl<u32>(a + ((b & c) | (b & d) | (c & d)) + x + 0x5a827999, s);
}
@inline
function third(a: u32, b: u32, c: u32, d: u32, x: u32, s: u32): u32 {
  return rotl<u32>(a + (b ^ c ^ d) + x + 0x6ed9eba1, s);
}
@inline
function word(p: usize, i: usize): u32 {
  return load<u32>(p + (i << 2));
}

function compress(state: usize, p: usize): void {
  let a = load<u32>(state),
    b = load<u32>(state, 4),
    c = load<u32>(state, 8),
    d = load<u32>(state, 12);
  for (let i: usize = 0; i < 16; i += 4) {
    a = first(a, b, c, d, word(p, i), 3);
    d = first(d, a, b, c, word(p, i + 1), 7);
    c = first(c, d, a, b, word(p, i + 2), 11);
    b = first(b, c, d, a, word(p, i + 3), 19);
  }
  for (let i: usize = 0; i < 4; i++) {
    a = second(a, b, c, d, word(p, i), 3);
    d = second(d, a, b, c, word(p, i + 4), 5);
    c = second(c, d, a, b, word(p, i + 8), 9);
    b = second(b, c, d, a, word(p, i + 12), 13);
  }
  // The third round takes the words in the order 0 8 4 12, 2 10 6 14, 1 9 5 13, 3 11 7 15.
  for (let i: usize = 0; i < 4; i++) {
    const from: usize = ((i & 1) << 1) | (i >> 1);
    a = third(a, b, c, d, word(p, from), 3);
    d = third(d, a, b, c, word(p, from + 8), 9);
    c = third(c, d, a, b, word(p, from + 4), 11);
    b = third(b, c, d, a, word(p, from + 12), 15);
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
}

/** Takes in whole chunks of 64 bytes. */
export function absorb(state: usize, p: usize, lengthBytes: u32): void {
  for (let done: u32 = 0; done < lengthBytes; done += CHUNK) compress(state, p + done);
}

/**
 * Takes in what is left (of any length), then the padding.
 *
 * @param before bytes of the message taken in before
 * @param padded 128 bytes of scratch
 */
export function finish(state: usize, p: usize, lengthBytes: u32, before: u32, padded: usize): void {
  const whole = lengthBytes & ~(CHUNK - 1);
  absorb(state, p, whole);
  const rest = lengthBytes - whole;
  memory.fill(padded, 0, 128);
  memory.copy(padded, p + whole, rest);
  store<u8>(padded + rest, 0x80);
  const end: u32 = rest < 56 ? 64 : 128;
  store<u64>(padded + end - 8, (<u64>before + lengthBytes) << 3);
  absorb(state, padded, end);
}

/** Writes the 16 bytes of the hash. */
export function writeHash(state: usize, out: usize): void {
  v128.store(out, v128.load(state));
}
