// BLAKE2b with 32 bytes of output and no key, over two messages of equal length
// at once: each 64-bit lane of a vector belongs to one of them. A block of a
// signature is hashed on its own, so there are always two at hand; the lanes
// never meet, and no shuffling is needed within a round.
//
// Reference: test/reference/blake2b.ts. See RFC 7693.

/** Bytes of the table that {@link writeSchedule} fills. */
export const SCHEDULE_BYTES: usize = 12 * 16;

/** Bytes of the state: eight words of the hash, two lanes each. */
export const STATE_BYTES: usize = 8 * 16;

const WORD: usize = 8;
const CHUNK: u32 = 128;

/** One round's order of message words, as nibbles, the first in the lowest. RFC 7693, 2.7. */
@inline
function scheduleOf(round: u32): u64 {
  switch (round % 10) {
    case 0:
      return 0xfedcba9876543210;
    case 1:
      return 0x357b20c16df984ae;
    case 2:
      return 0x491763eadf250c8b;
    case 3:
      return 0x8f04a562ebcd1397;
    case 4:
      return 0xd386cb1efa427509;
    case 5:
      return 0x91ef57d438b0a6c2;
    case 6:
      return 0xb8293670a4def15c;
    case 7:
      return 0xa2684f05931ce7bd;
    case 8:
      return 0x5a417d2c803b9ef6;
    default:
      return 0x0dc3e9bf5167482a;
  }
}

/** Fills the table of offsets into the interleaved message, a byte each, twelve rounds of sixteen. */
export function writeSchedule(table: usize): void {
  for (let round: u32 = 0; round < 12; round++) {
    let nibbles = scheduleOf(round);
    for (let i: usize = 0; i < 16; i++) {
      store<u8>(table + round * 16 + i, <u8>((nibbles & 15) << 4));
      nibbles >>= 4;
    }
  }
}

/** The initial vector, RFC 7693, 2.6. */
@inline
function iv(i: u32): u64 {
  switch (i) {
    case 0:
      return 0x6a09e667f3bcc908;
    case 1:
      return 0xbb67ae8584caa73b;
    case 2:
      return 0x3c6ef372fe94f82b;
    case 3:
      return 0xa54ff53a5f1d36f1;
    case 4:
      return 0x510e527fade682d1;
    case 5:
      return 0x9b05688c2b3e6c1f;
    case 6:
      return 0x1f83d9abfb41bd6b;
    default:
      return 0x5be0cd19137e2179;
  }
}

/** Starts both lanes: 32 bytes of output, no key, fanout and depth 1. */
export function begin(state: usize): void {
  for (let i: u32 = 0; i < 8; i++) {
    v128.store(state + ((<usize>i) << 4), i64x2.splat(i == 0 ? iv(0) ^ 0x01010020 : iv(i)));
  }
}

@inline

function add(a: v128, b: v128): v128 {
  return i64x2.add(a, b);
}
@inline
function rotate32(x: v128): v128 {
  return i8x16.shuffle(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
}
@inline
function rotate24(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
}
@inline
function rotate16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
}
@inline
function rotate63(x: v128): v128 {
  return v128.or(i64x2.shr_u(x, 63), i64x2.add(x, x));
}
@inline
function word(message: usize, order: usize, i: usize): v128 {
  return v128.load(message + <usize>load<u8>(order + i));
}

/** Writes sixteen words of each message side by side: lane 0 from `a`, lane 1 from `b`. */
@inline
function interleave(message: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const x = v128.load(a + (i << 4));
    const y = v128.load(b + (i << 4));
    v128.store(message + (i << 5), i64x2.shuffle(x, y, 0, 2));
    v128.store(message + (i << 5), i64x2.shuffle(x, y, 1, 3), 16);
  }
}

/**
 * The compression function on one chunk of each message.
 *
 * @param counted bytes of the message up to and with this chunk, for both lanes
 * @param message 256 bytes of scratch
 */
function compress(state: usize, a: usize, b: usize, counted: u64, isLast: bool, schedule: usize, message: usize): void {
  interleave(message, a, b);
  let v0 = v128.load(state),
    v1 = v128.load(state, 16),
    v2 = v128.load(state, 32),
    v3 = v128.load(state, 48);
  let v4 = v128.load(state, 64),
    v5 = v128.load(state, 80),
    v6 = v128.load(state, 96),
    v7 = v128.load(state, 112);
  let v8 = i64x2.splat(iv(0)),
    v9 = i64x2.splat(iv(1)),
    v10 = i64x2.splat(iv(2)),
    v11 = i64x2.splat(iv(3));
  let v12 = i64x2.splat(iv(4) ^ counted),
    v13 = i64x2.splat(iv(5)),
    v14 = i64x2.splat(isLast ? ~iv(6) : iv(6)),
    v15 = i64x2.splat(iv(7));

  for (let s = schedule, end = schedule + SCHEDULE_BYTES; s < end; s += 16) {
    v0 = add(add(v0, v4), word(message, s, 0));
    v12 = rotate32(v128.xor(v12, v0));
    v8 = add(v8, v12);
    v4 = rotate24(v128.xor(v4, v8));
    v1 = add(add(v1, v5), word(message, s, 2));
    v13 = rotate32(v128.xor(v13, v1));
    v9 = add(v9, v13);
    v5 = rotate24(v128.xor(v5, v9));
    v2 = add(add(v2, v6), word(message, s, 4));
    v14 = rotate32(v128.xor(v14, v2));
    v10 = add(v10, v14);
    v6 = rotate24(v128.xor(v6, v10));
    v3 = add(add(v3, v7), word(message, s, 6));
    v15 = rotate32(v128.xor(v15, v3));
    v11 = add(v11, v15);
    v7 = rotate24(v128.xor(v7, v11));
    v0 = add(add(v0, v4), word(message, s, 1));
    v12 = rotate16(v128.xor(v12, v0));
    v8 = add(v8, v12);
    v4 = rotate63(v128.xor(v4, v8));
    v1 = add(add(v1, v5), word(message, s, 3));
    v13 = rotate16(v128.xor(v13, v1));
    v9 = add(v9, v13);
    v5 = rotate63(v128.xor(v5, v9));
    v2 = add(add(v2, v6), word(message, s, 5));
    v14 = rotate16(v128.xor(v14, v2));
    v10 = add(v10, v14);
    v6 = rotate63(v128.xor(v6, v10));
    v3 = add(add(v3, v7), word(message, s, 7));
    v15 = rotate16(v128.xor(v15, v3));
    v11 = add(v11, v15);
    v7 = rotate63(v128.xor(v7, v11));

    v0 = add(add(v0, v5), word(message, s, 8));
    v15 = rotate32(v128.xor(v15, v0));
    v10 = add(v10, v15);
    v5 = rotate24(v128.xor(v5, v10));
    v1 = add(add(v1, v6), word(message, s, 10));
    v12 = rotate32(v128.xor(v12, v1));
    v11 = add(v11, v12);
    v6 = rotate24(v128.xor(v6, v11));
    v2 = add(add(v2, v7), word(message, s, 12));
    v13 = rotate32(v128.xor(v13, v2));
    v8 = add(v8, v13);
    v7 = rotate24(v128.xor(v7, v8));
    v3 = add(add(v3, v4), word(message, s, 14));
    v14 = rotate32(v128.xor(v14, v3));
    v9 = add(v9, v14);
    v4 = rotate24(v128.xor(v4, v9));
    v0 = add(add(v0, v5), word(message, s, 9));
    v15 = rotate16(v128.xor(v15, v0));
    v10 = add(v10, v15);
    v5 = rotate63(v128.xor(v5, v10));
    v1 = add(add(v1, v6), word(message, s, 11));
    v12 = rotate16(v128.xor(v12, v1));
    v11 = add(v11, v12);
    v6 = rotate63(v128.xor(v6, v11));
    v2 = add(add(v2, v7), word(message, s, 13));
    v13 = rotate16(v128.xor(v13, v2));
    v8 = add(v8, v13);
    v7 = rotate63(v128.xor(v7, v8));
    v3 = add(add(v3, v4), word(message, s, 15));
    v14 = rotate16(v128.xor(v14, v3));
    v9 = add(v9, v14);
    v4 = rotate63(v128.xor(v4, v9));
  }

  fold(state, 0, v0, v8);
  fold(state, 16, v1, v9);
  fold(state, 32, v2, v10);
  fold(state, 48, v3, v11);
  fold(state, 64, v4, v12);
  fold(state, 80, v5, v13);
  fold(state, 96, v6, v14);
  fold(state, 112, v7, v15);
}

@inline

function fold(state: usize, at: usize, low: v128, high: v128): void {
  v128.store(state + at, v128.xor(v128.load(state + at), v128.xor(low, high)));
}

/**
 * Takes in whole chunks of 128 bytes, of which none may be the message's last.
 *
 * @param before bytes of each message taken in before
 */
export function absorb(
  state: usize,
  a: usize,
  b: usize,
  lengthBytes: u32,
  before: u32,
  schedule: usize,
  message: usize,
): void {
  for (let done: u32 = 0; done < lengthBytes; done += CHUNK) {
    compress(state, a + done, b + done, <u64>before + done + CHUNK, false, schedule, message);
  }
}

/**
 * Takes in what is left, at most 128 bytes (none only of an empty message).
 *
 * @param padded 256 bytes of scratch
 */
export function finish(
  state: usize,
  a: usize,
  b: usize,
  lengthBytes: u32,
  before: u32,
  schedule: usize,
  message: usize,
  padded: usize,
): void {
  memory.fill(padded, 0, 256);
  memory.copy(padded, a, lengthBytes);
  memory.copy(padded + CHUNK, b, lengthBytes);
  compress(state, padded, padded + CHUNK, <u64>before + lengthBytes, true, schedule, message);
}

/** Writes the 32 bytes of one lane's hash. */
export function writeHash(state: usize, lane: u32, out: usize): void {
  for (let i: usize = 0; i < 4; i++) {
    store<u64>(out + i * WORD, load<u64>(state + (i << 4) + <usize>lane * WORD));
  }
}
