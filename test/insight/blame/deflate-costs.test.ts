/** What bytes take in a gzip file, against what zlib and gzip make of them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deflateCosts } from '../../../src/insight/blame/deflate-costs.ts';
import type { PackedRun } from '../../../src/insight/blame/packed-run.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('insight/blame/deflate-costs');
const file = join(scratch('deflate-costs'), 'file');

class Damaged extends Error {}

function runsOf(packed: Uint8Array): PackedRun[] {
  writeFileSync(file, packed);
  return [...deflateCosts(file, () => new Damaged())];
}

const outOf = (runs: readonly PackedRun[]): number => runs.reduce((sum, { outBytes }) => sum + outBytes, 0);

/** Text, noise, runs and repeats in some order. */
const content = fc
  .array(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 200 }).map((text) => Buffer.from(text.repeat(40))),
      fc.integer({ min: 1, max: 60_000 }).map((size) => Buffer.from(noise(size, size))),
      fc.integer({ min: 1, max: 200_000 }).map((size) => Buffer.alloc(size, size)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat([...parts, ...parts.slice(0, 2)]));

const OPTIONS = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  { level: 9, strategy: constants.Z_FIXED },
  { level: 6, strategy: constants.Z_HUFFMAN_ONLY },
  { level: 6, memLevel: 1 },
];

test('runs make what zlib makes, with every kind of block, and their places go from the first byte to the end', () => {
  fc.assert(
    fc.property(content, fc.constantFrom(...OPTIONS), (bytes, options) => {
      const packed = gzipSync(bytes, options);
      const runs = runsOf(packed);
      assert.is(outOf(runs), bytes.length);
      let last = 0;
      let falls = 0;
      for (const { outBytes, placeOf } of runs) {
        assert.ok(Math.abs(placeOf(0) - last) < 1e-6, `${placeOf(0)} after ${last}`);
        for (let byte = 0; byte <= outBytes; byte += 1) {
          if (placeOf(byte) < last - 1e-6) falls += 1;
          last = placeOf(byte);
        }
      }
      assert.is(falls, 0);
      // What is left is the end of the last block, and the checksum.
      if (bytes.length > 0) assert.ok(packed.length - last < 12, `${last} of ${packed.length}`);
    }),
    { numRuns: 60 },
  );
});

test('what compresses badly pays for itself, and what compresses well does not', () => {
  const bytes = Buffer.concat([noise(40_000, 1), Buffer.alloc(40_000, 'text that repeats '), noise(20_000, 2)]);
  const runs = runsOf(gzipSync(bytes, { level: 9 }));
  const placeOf = (byte: number): number => {
    let at = byte;
    for (const run of runs) {
      if (at <= run.outBytes) return run.placeOf(at);
      at -= run.outBytes;
    }
    return NaN;
  };
  assert.ok(Math.abs(placeOf(40_000) - 40_000) < 600, `${placeOf(40_000)}`);
  assert.ok(placeOf(80_000) - placeOf(40_000) < 600, `${placeOf(80_000)}`);
  assert.ok(Math.abs(placeOf(100_000) - placeOf(80_000) - 20_000) < 600, `${placeOf(100_000)}`);
});

test('the headers that programs write, and files that follow one another', () => {
  const text = Buffer.from('abc '.repeat(1000));
  const named = execFileSync('gzip', ['-9', '-c', '--name', file], { maxBuffer: 2 ** 24 });
  assert.is(outOf(runsOf(named)) > 0, true);
  const two = Buffer.concat([gzipSync(text), gzipSync(text, { level: 1 })]);
  assert.is(outOf(runsOf(two)), 8000);
  const extra = Buffer.from(gzipSync(text));
  // FEXTRA with three bytes, and a checksum of the header.
  const head = Buffer.from([0x1f, 0x8b, 8, 4 | 2 | 16, 0, 0, 0, 0, 2, 3, 3, 0, 1, 2, 3, 0x68, 0x69, 0, 9, 9]);
  assert.is(outOf(runsOf(Buffer.concat([head, extra.subarray(10)]))), 4000);
});

test('damaged files end in an error, never in a bug or a hang', () => {
  const sound = gzipSync(Buffer.concat([Buffer.from('some text, more text '.repeat(3000)), noise(5000, 2)]));
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.nat(255), fc.boolean(), (place, value, cut) => {
      const bytes = Buffer.from(sound);
      bytes[place] = value;
      try {
        runsOf(cut ? bytes.subarray(0, place) : bytes);
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
      }
    }),
    { numRuns: 400 },
  );
  for (const length of [1, 5, 12, 30, sound.length - 9])
    assert.throws(
      () => runsOf(sound.subarray(0, length)),
      (error: unknown) => error instanceof Damaged,
    );
});

test.run();
