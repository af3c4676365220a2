/** The WebAssembly matcher against the plain one in test/reference/, and what a client makes of its patches. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Matcher } from '../../src/static-delta/matcher.ts';
import { loadMatcher } from '../../src/static-delta/wasm.ts';
import { referenceMatch, referencePatch } from '../reference/static-delta/match.ts';
import { noise } from '../support/ostree.ts';

const test = suite('static-delta/matcher');
const matcher = new Matcher(await loadMatcher());

const tableBits = (sourceBytes: number): number => Math.max(8, Math.ceil(Math.log2(Math.max(1, sourceBytes - 15))));

function compare(source: Buffer, file: Buffer): void {
  const { regions, patch } = matcher.match(source, file);
  assert.equal(regions, referenceMatch(source, file, tableBits(source.length)));
  assert.ok(referencePatch(source, patch(), file.length).equals(file));
}

/** A file of few different bytes, in runs, so that much of it is found in many places. */
const repetitive = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 60 })), { maxLength: 60 })
  .map((runs) => Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte))));

/** A file made of pieces of the other one, of new bytes, and of pieces with altered bytes. */
const derived = (source: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.tuple(fc.nat(source.length), fc.nat(400)).map(([at, length]) => source.subarray(at, at + length)),
        fc
          .tuple(fc.nat(source.length), fc.nat(400), fc.integer({ min: 1, max: 30 }))
          .map(([at, length, every]) =>
            Buffer.from(source.subarray(at, at + length)).map((byte, index) => (index % every === 0 ? byte + 1 : byte)),
          ),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => Buffer.concat(pieces));

test('the same regions as the plain matcher, on files that share pieces', () => {
  const source = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }).map((one) => Buffer.from(one)),
    repetitive,
  );
  fc.assert(
    fc.property(
      source.chain((one) => fc.tuple(fc.constant(one), derived(one))),
      ([one, file]) => compare(one, file),
    ),
    { numRuns: 400 },
  );
});

test('the same on runs of few bytes, where everything is found everywhere', () => {
  fc.assert(fc.property(repetitive, repetitive, compare), { numRuns: 300 });
});

test('nothing, next to nothing, and the ends of files', () => {
  const some = noise('some', 100);
  for (const size of [0, 1, 15, 16, 17, 100]) {
    compare(some, some.subarray(0, size));
    compare(some.subarray(0, size), some);
    compare(some, some.subarray(100 - size));
    compare(some.subarray(100 - size), some);
  }
  compare(Buffer.alloc(1000), Buffer.alloc(1000));
  compare(Buffer.alloc(1000), Buffer.concat([Buffer.alloc(500), some, Buffer.alloc(700)]));
  compare(Buffer.concat([some, Buffer.alloc(1000)]), Buffer.alloc(2000));
});

test('a moved block, an insertion and altered addresses', () => {
  const old = noise('old', 50_000);
  const altered = Buffer.from(old.subarray(20_000)).map((byte, index) => (index % 50 < 2 ? byte + 7 : byte));
  const file = Buffer.concat([old.subarray(30_000, 40_000), noise('new', 700), old.subarray(0, 20_000), altered]);
  compare(old, file);
  const { regions } = matcher.match(old, file);
  // The first region of every patch begins at both beginnings, and may be empty.
  assert.equal(
    regions.map(({ at, sourceAt }) => [at, sourceAt]),
    [
      [0, 0],
      [0, 30_000],
      [10_700, 0],
    ],
  );
});

test('a patch that would become too large has fewer changes of place', () => {
  // Pieces of 20 bytes in another order: each costs 24 bytes to go to.
  const old = noise('pieces', 200_000);
  const pieces = Array.from({ length: 10_000 }, (_, index) =>
    old.subarray(((index * 7919) % 10_000) * 20, ((index * 7919) % 10_000) * 20 + 20),
  );
  const file = Buffer.concat(pieces);
  const free = matcher.match(old, file).patch();
  assert.ok(free.length > file.length * 1.5);
  const limited = Buffer.from(matcher.match(old, file, file.length * 1.03).patch());
  assert.ok(limited.length <= file.length * 1.03);
  assert.ok(referencePatch(old, limited, file.length).equals(file));
});

test('a memory that grew serves small files as before', () => {
  const large = noise('large', 3_000_000);
  const { patch } = matcher.match(large, Buffer.concat([large.subarray(1_000_000), large.subarray(0, 1_000_000)]));
  assert.ok(patch().length < 3_000_000 + 100);
  compare(noise('a', 3000), Buffer.concat([noise('b', 300), noise('a', 2000)]));
});

test.run();
