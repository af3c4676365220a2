import * as fc from 'fast-check';
import { noise } from './noise.ts';

/** A base and a target that was made from it as releases are: pieces moved, changed, inserted, left out, repeated. */
export const pairs = (maxBytes: number): fc.Arbitrary<[base: Buffer, target: Buffer]> =>
  fc
    .tuple(fc.integer({ min: 0, max: maxBytes }), fc.integer(), fc.array(piece, { maxLength: 8 }))
    .map(([baseBytes, seed, pieces]) => {
      const base = Buffer.from(noise(baseBytes, seed));
      return [base, Buffer.concat(pieces.map((one) => one(base)))];
    });

type Piece = (base: Buffer) => Uint8Array;

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** A range of the base, from anywhere in it. */
const moved: fc.Arbitrary<Piece> = fc.tuple(share, share).map(([from, length]) => (base) => {
  const start = Math.floor(from * base.length);
  return base.subarray(start, start + Math.floor(length * (base.length - start)));
});

const piece: fc.Arbitrary<Piece> = fc.oneof(
  moved,
  moved.map((range) => (base: Buffer) => edited(range(base), 1)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => () => bytes),
  fc.tuple(moved, fc.integer({ min: 2, max: 5 })).map(
    ([range, times]) =>
      (base: Buffer) =>
        Buffer.concat(Array.from({ length: times }, () => range(base))),
  ),
);

/** The bytes with an edit about every thousand: changed, inserted or left out. */
export function edited(bytes: Uint8Array, seed: number): Buffer {
  const random = noise(Math.ceil(bytes.length / 500) + 8, seed);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const kept = bytes.subarray(at, at + 500 + 4 * (random[turn] ?? 0));
    pieces.push(kept);
    at += kept.length;
    const kind = (random[turn + 1] ?? 0) % 3;
    if (kind > 0) pieces.push(random.subarray(0, 1 + ((random[turn + 2] ?? 0) % 8)));
    if (kind < 2) at += 1 + ((random[turn + 3] ?? 0) % 8);
  }
  return Buffer.concat(pieces);
}
