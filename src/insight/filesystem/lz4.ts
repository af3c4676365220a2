/** Below this a loop is faster than a call. */
const SHORT_BYTES = 32;

/**
 * Decompresses one LZ4 block (not a frame).
 *
 * @param outBytes how many bytes are wanted at most; the block may hold more
 * @returns fewer when the block holds fewer; undefined when it is damaged
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function unpackLz4(input: Uint8Array, outBytes: number): Buffer | undefined {
  const out = Buffer.allocUnsafe(outBytes);
  let at = 0;
  let made = 0;
  /** A length that continues for as long as its bytes are 255. */
  const longer = (length: number): number => {
    let sum = length;
    for (let byte = 255; byte === 255 && at < input.length; sum += byte) byte = input[at++] ?? 0;
    return sum;
  };
  while (at < input.length && made < outBytes) {
    const token = input[at++] ?? 0;
    const literals = token >> 4 === 15 ? longer(15) : token >> 4;
    if (at + literals > input.length) return undefined;
    const copied = Math.min(literals, outBytes - made);
    if (copied > SHORT_BYTES) out.set(input.subarray(at, at + copied), made);
    else for (let index = 0; index < copied; index += 1) out[made + index] = input[at + index] ?? 0;
    made += copied;
    at += literals;
    if (made === outBytes || at >= input.length) break;
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const matched = Math.min((token & 15) === 15 ? longer(19) : (token & 15) + 4, outBytes - made);
    if (distance === 0 || distance > made) return undefined;
    // A match may reach into what it makes itself.
    if (distance >= matched && matched > SHORT_BYTES) out.copyWithin(made, made - distance, made - distance + matched);
    else for (let index = 0; index < matched; index += 1) out[made + index] = out[made + index - distance] ?? 0;
    made += matched;
  }
  return out.subarray(0, made);
}
