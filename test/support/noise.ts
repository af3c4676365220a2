/** Reproducible noise: the same bytes for the same seed, incompressible for our purposes. */
export function noise(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  for (let at = 0; at < sizeBytes; at += 1) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    bytes[at] = state;
  }
  return bytes;
}
