/**
 * BLAKE2b with 32 bytes of output and no key, written as the RFC has it: the
 * reference that tests hold wasm/assembly/blake2b.ts against. Slow.
 *
 * @see RFC 7693
 */

const MASK = (1n << 64n) - 1n;

const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/** The places in the state that the eight mixings of a round take. */
const MIXINGS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

const ROUNDS = 12;
const CHUNK_BYTES = 128;

const at = (words: readonly bigint[], index: number): bigint => words[index] ?? 0n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value >> bits) | (value << (64n - bits))) & MASK;
}

function compress(hash: bigint[], chunk: Uint8Array, countedBytes: number, isLast: boolean): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, CHUNK_BYTES);
  const message = Array.from({ length: 16 }, (_, word) => view.getBigUint64(word * 8, true));
  const v = [...hash, ...IV];
  v[12] = at(v, 12) ^ BigInt(countedBytes);
  if (isLast) v[14] = at(v, 14) ^ MASK;
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = SIGMA[round % SIGMA.length] ?? [];
    MIXINGS.forEach(([a, b, c, d], index) => {
      for (const [half, first, second] of [
        [0, 32n, 24n],
        [1, 16n, 63n],
      ] as const) {
        v[a] = (at(v, a) + at(v, b) + at(message, order[2 * index + half] ?? 0)) & MASK;
        v[d] = rotate(at(v, d) ^ at(v, a), first);
        v[c] = (at(v, c) + at(v, d)) & MASK;
        v[b] = rotate(at(v, b) ^ at(v, c), second);
      }
    });
  }
  for (let word = 0; word < 8; word += 1) hash[word] = at(hash, word) ^ at(v, word) ^ at(v, word + 8);
}

/** The 32 bytes that librsync keeps of a block as its strong sum. */
export function blake2b(data: Uint8Array): Uint8Array {
  const hash = [...IV];
  hash[0] = at(hash, 0) ^ 0x01010020n;
  let done = 0;
  for (; data.length - done > CHUNK_BYTES; done += CHUNK_BYTES) {
    compress(hash, data.subarray(done), done + CHUNK_BYTES, false);
  }
  const last = new Uint8Array(CHUNK_BYTES);
  last.set(data.subarray(done));
  compress(hash, last, data.length, true);
  const out = new DataView(new ArrayBuffer(32));
  for (let word = 0; word < 4; word += 1) out.setBigUint64(word * 8, at(hash, word), true);
  return new Uint8Array(out.buffer);
}
