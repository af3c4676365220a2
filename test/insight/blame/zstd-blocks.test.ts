/** Sizes of zstd's blocks against what zstd itself makes of them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import type { PackedRun } from '../../../src/insight/blame/packed-run.ts';
import { zstdBlocks } from '../../../src/insight/blame/zstd-blocks.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('insight/blame/zstd-blocks');
const dir = scratch('zstd-blocks');
const file = join(dir, 'file');

const packed = (bytes: Uint8Array, ...options: string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 2 ** 28 });

async function blocksOf(bytes: Uint8Array): Promise<PackedRun[]> {
  writeFileSync(file, bytes);
  const handle = await open(file, 'r');
  try {
    const blocks: PackedRun[] = [];
    for await (const block of zstdBlocks(handle, file)) blocks.push(block);
    return blocks;
  } finally {
    await handle.close();
  }
}

const outOf = (blocks: readonly PackedRun[]): number => blocks.reduce((sum, { outBytes }) => sum + outBytes, 0);

/** Text, noise, runs and repeats in some order: every kind of block and table. */
const content = fc
  .array(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 200 }).map((text) => Buffer.from(text.repeat(40))),
      fc.integer({ min: 1, max: 60_000 }).map((size) => Buffer.from(noise(size, size))),
      fc.integer({ min: 1, max: 300_000 }).map((size) => Buffer.alloc(size, size)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat([...parts, ...parts.slice(0, 2)]));

test('blocks make what zstd makes, at every level', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom('-1', '-3', '-9', '-19', '--fast=5'), async (bytes, level) => {
      assert.is(outOf(await blocksOf(packed(bytes, level))), bytes.length);
    }),
    { numRuns: 60 },
  );
});

test('places follow one another from the first byte of the file, and never go back', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom('-1', '-9', '-19'), async (bytes, level) => {
      let last = 0;
      let falls = 0;
      for (const { outBytes, placeOf } of await blocksOf(packed(bytes, level)))
        for (let byte = 0; byte <= outBytes; byte += 1) {
          if (placeOf(byte) < last - 1e-6) falls += 1;
          last = placeOf(byte);
        }
      assert.is(falls, 0);
      assert.ok(last <= packed(bytes, level).length + 1e-6);
    }),
    { numRuns: 20 },
  );
});

test('in one block, what compresses badly pays for itself', async () => {
  const bytes = Buffer.concat([noise(40_000, 1), Buffer.alloc(40_000, 'text that repeats '), noise(20_000, 2)]);
  const blocks = await blocksOf(packed(bytes, '-3'));
  assert.is(blocks.length, 1);
  const [from, repeats, to] = [0, 40_000, 80_000].map((byte) => blocks[0]?.placeOf(byte) ?? 0);
  const end = blocks[0]?.placeOf(100_000) ?? 0;
  assert.ok(Math.abs((repeats ?? 0) - (from ?? 0) - 40_000) < 400, `${repeats}`);
  // Behind noise, zstd looks for matches at every so many bytes only.
  assert.ok((to ?? 0) - (repeats ?? 0) < 2000, `${to}`);
  assert.ok(Math.abs(end - (to ?? 0) - 20_000) < 400, `${end}`);
});

test('frames may follow one another, also skippable ones', async () => {
  const frame = packed(Buffer.from('abc '.repeat(1000)), '--check');
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('xyz')]);
  assert.is(outOf(await blocksOf(Buffer.concat([frame, skippable, frame]))), 8000);
});

test('damaged frames end in an error, never in a bug', async () => {
  const sound = packed(Buffer.concat([Buffer.from('some text, more text '.repeat(3000)), noise(5000, 2)]), '-9');
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length - 1), fc.nat(255), fc.boolean(), async (place, value, cut) => {
      const bytes = Buffer.from(sound);
      bytes[place] = value;
      await blocksOf(cut ? bytes.subarray(0, place) : bytes).catch((error: unknown) => {
        if (!(error instanceof ReleasePlanError)) throw error;
        assert.is(error.code, 'delta-corrupt');
      });
    }),
    { numRuns: 400 },
  );
});

test.run();
