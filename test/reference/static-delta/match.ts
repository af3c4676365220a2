/**
 * The matcher of src/static-delta/wasm/assembly/match.ts in the plainest way:
 * the same rules, a byte at a time.
 */
import type { Region } from '../../../src/static-delta/matcher.ts';

const WINDOW = 16;
const CHAIN = 8;

const U64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The hash of 16 bytes, its highest bits. */
function hashOf(bytes: Buffer, at: number, bits: number): number {
  let hash = U64(bytes.readBigUInt64LE(at) * 0x9e3779b97f4a7c15n);
  hash = U64(U64((hash ^ (hash >> 29n)) + bytes.readBigUInt64LE(at + 8)) * 0xbf58476d1ce4e5b9n);
  return Number(hash >> BigInt(64 - bits));
}

const isWithinRun = (bytes: Buffer, at: number): boolean =>
  at > 0 && bytes.subarray(at - 1, at + WINDOW).every((byte) => byte === bytes[at]);

/** The places of each hash in the source, the first ones first. */
function places(source: Buffer, bits: number, stride: number): Map<number, number[]> {
  const table = new Map<number, number[]>();
  for (let at = 0; at + WINDOW <= source.length; at += stride) {
    if (isWithinRun(source, at)) continue;
    const hash = hashOf(source, at, bits);
    table.set(hash, [...(table.get(hash) ?? []), at]);
  }
  return table;
}

/** The growing of a match over bytes that differ: as far as the most bytes are equal in excess of those that differ. */
function grown(most: number, isEqual: (n: number) => boolean): number {
  let [score, best, length] = [0, 0, 0];
  for (let n = 0; n < most; n += 1) {
    score += isEqual(n) ? 1 : -1;
    if (score > best) [best, length] = [score, n + 1];
  }
  return length;
}

/** Finds the regions of a file in its source. */
export function referenceMatch(source: Buffer, file: Buffer, bits: number, stride = 1, gain = 12): Region[] {
  const table = places(source, bits, stride);
  const regions: Region[] = [];
  if (file.length === 0) return regions;
  let [from, sourceFrom] = [0, 0];
  let at = 0;
  const equalHere = (place: number): boolean =>
    place - from + sourceFrom < source.length && file[place] === source[place - from + sourceFrom];

  const change = (place: number, offset: number): void => {
    let forward = grown(Math.min(place - from, source.length - sourceFrom), (n) => equalHere(from + n));
    let backward = grown(Math.min(place - from, offset), (n) => file[place - n - 1] === source[offset - n - 1]);
    const overlap = from + forward - (place - backward);
    if (overlap > 0) {
      let [score, best, keeps] = [0, 0, 0];
      for (let n = 0; n < overlap; n += 1) {
        const byte = place - backward + n;
        score += Number(equalHere(byte)) - Number(file[byte] === source[offset - backward + n]);
        if (score > best) [best, keeps] = [score, n + 1];
      }
      forward += keeps - overlap;
      backward -= keeps;
    }
    regions.push({ at: from, sourceAt: sourceFrom, sizeBytes: forward });
    [from, sourceFrom] = [place - backward, offset - backward];
  };

  while (source.length >= WINDOW && at + WINDOW <= file.length) {
    let run = 0;
    while (at + run < file.length && equalHere(at + run)) run += 1;
    if (run >= WINDOW) {
      at += run;
      continue;
    }
    let [length, found] = [0, 0];
    for (const place of (table.get(hashOf(file, at, bits)) ?? []).slice(0, CHAIN)) {
      let equal = 0;
      while (at + equal < file.length && place + equal < source.length && file[at + equal] === source[place + equal])
        equal += 1;
      if (equal >= WINDOW && equal > length) [length, found] = [equal, place];
    }
    if (length === 0) {
      at += 1;
      continue;
    }
    const score = Array.from({ length }, (_, n) => equalHere(at + n)).filter(Boolean).length;
    if (length > score + gain) change(at, found);
    at += length;
  }
  const end = Math.min(file.length - from, source.length - sourceFrom);
  regions.push({ at: from, sourceAt: sourceFrom, sizeBytes: grown(end, (n) => equalHere(from + n)) });
  return regions;
}

/** What bspatch makes of a patch, as the client's code does it. */
export function referencePatch(source: Buffer, patch: Buffer, sizeBytes: number): Buffer {
  const made = Buffer.alloc(sizeBytes);
  const number = (at: number): number => {
    const magnitude = Number(patch.readBigUInt64LE(at) & 0x7fff_ffff_ffff_ffffn);
    return (patch[at + 7] ?? 0) >= 0x80 ? -magnitude : magnitude;
  };
  let [at, place, offset] = [0, 0, 0];
  while (place < sizeBytes) {
    const [added, inserted, move] = [number(at), number(at + 8), number(at + 16)];
    at += 24;
    for (let n = 0; n < added; n += 1) made[place + n] = (patch[at + n] ?? 0) + (source[offset + n] ?? 0);
    patch.copy(made, place + added, at + added, at + added + inserted);
    at += added + inserted;
    place += added + inserted;
    offset += added + move;
  }
  if (at !== patch.length || place !== sizeBytes) throw new Error('the patch does not end where the file does');
  return made;
}
