/**
 * MD4 as the RFC has it: the reference that tests hold wasm/assembly/md4.ts
 * against (OpenSSL 3 has it no more).
 *
 * @see RFC 1320
 */

const CHUNK_BYTES = 64;

/** Of each round: its constant, its shifts, and the order in which it takes the words. */
const ROUNDS = [
  {
    constant: 0,
    shifts: [3, 7, 11, 19],
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    mix: (x: number, y: number, z: number) => (x & y) | (~x & z),
  },
  {
    constant: 0x5a827999,
    shifts: [3, 5, 9, 13],
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    mix: (x: number, y: number, z: number) => (x & y) | (x & z) | (y & z),
  },
  {
    constant: 0x6ed9eba1,
    shifts: [3, 9, 11, 15],
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
  },
] as const;

function compress(hash: Uint32Array, view: DataView, at: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = hash;
  for (const { constant, shifts, order, mix } of ROUNDS) {
    order.forEach((word, step) => {
      const sum = (a + mix(b, c, d) + view.getUint32(at + word * 4, true) + constant) >>> 0;
      const bits = shifts[step % 4] ?? 0;
      [a, b, c, d] = [d, ((sum << bits) | (sum >>> (32 - bits))) >>> 0, b, c];
    });
  }
  [a, b, c, d].forEach((value, index) => {
    hash[index] = (hash[index] ?? 0) + value;
  });
}

/** The 16 bytes of a message's MD4. */
export function md4(data: Uint8Array): Uint8Array {
  const paddedBytes = Math.ceil((data.length + 9) / CHUNK_BYTES) * CHUNK_BYTES;
  const padded = new Uint8Array(paddedBytes);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(paddedBytes - 8, BigInt(data.length) * 8n, true);
  const hash = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < paddedBytes; at += CHUNK_BYTES) compress(hash, view, at);
  const out = new DataView(new ArrayBuffer(16));
  hash.forEach((word, index) => out.setUint32(index * 4, word, true));
  return new Uint8Array(out.buffer);
}
