import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { PIECE_BYTES } from '../../src/rdiff/block-sums.ts';
import type { StrongSum, WeakSum } from '../../src/rdiff/format.ts';
import { blake2b } from '../reference/blake2b.ts';
import { md4 } from '../reference/md4.ts';
import { rabinkarp, rollsum } from '../reference/weak-sums.ts';
import { signature, type SignatureOptions } from '../../src/rdiff/signature.ts';
import { readSignatureHeader } from '../../src/rdiff/signature-format.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';
import { noise } from '../support/noise.ts';

const test = suite('rdiff/signature');
const dir = scratch('signature');
const base = join(dir, 'base');
const ours = join(dir, 'ours.sig');
const theirs = join(dir, 'theirs.sig');

const STRONG: readonly StrongSum[] = ['blake2', 'md4'];
const WEAK: readonly WeakSum[] = ['rabinkarp', 'rollsum'];

function rdiffSignature({ format, rollsum: weak, blockBytes = 0, strongBytes = 0 }: SignatureOptions): Buffer {
  execFileSync(
    'rdiff',
    [
      '--force',
      `--hash=${format ?? 'blake2'}`,
      `--rollsum=${weak ?? 'rabinkarp'}`,
      `--block-size=${blockBytes}`,
      `--sum-size=${strongBytes === 'minimum' ? -1 : strongBytes}`,
      'signature',
      base,
      theirs,
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  return readFileSync(theirs);
}

async function assertAsRdiff(data: Uint8Array, options: SignatureOptions): Promise<void> {
  writeFileSync(base, data);
  const header = await signature(base, ours, options);
  assert.ok(
    readFileSync(ours).equals(rdiffSignature(options)),
    `differs from rdiff's for ${data.length} bytes, ${JSON.stringify(options)}`,
  );
  assert.equal(await readSignatureHeader(ours), header);
  assert.equal(await readSignatureHeader(theirs), header);
}

test('is the same bytes as rdiff signature, whatever the size, the lengths and the sums', async () => {
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 3000 }),
    fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537, 70_000),
  );
  const blocks = fc.option(
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(127, 128, 129, 255, 256, 257, 1024, 5000)),
    { nil: undefined },
  );
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.integer(),
      blocks,
      fc.option(fc.integer({ min: 1, max: 16 }), { nil: undefined }),
      fc.constantFrom(...STRONG),
      fc.constantFrom(...WEAK),
      async (sizeBytes, seed, blockBytes, strongBytes, format, weak) => {
        await assertAsRdiff(noise(sizeBytes, seed), {
          format,
          rollsum: weak,
          ...(blockBytes === undefined ? {} : { blockBytes }),
          ...(strongBytes === undefined ? {} : { strongBytes }),
        });
      },
    ),
    { numRuns: 120 },
  );
});

test('takes the block and sum lengths that rdiff recommends', async () => {
  for (const sizeBytes of [0, 1, 256, 65_536, 65_537, 66_564, 1_000_000, 1_048_576]) {
    await assertAsRdiff(noise(sizeBytes, sizeBytes), {});
    await assertAsRdiff(noise(sizeBytes, sizeBytes), { strongBytes: 'minimum' });
    await assertAsRdiff(noise(sizeBytes, sizeBytes), { strongBytes: 'minimum', blockBytes: 1000 });
  }
});

test('agrees with rdiff on an installed program, for all four kinds', async () => {
  const data = readFileSync(process.execPath).subarray(0, 5_000_000);
  for (const format of STRONG) for (const weak of WEAK) await assertAsRdiff(data, { format, rollsum: weak });
});

test('blocks larger than one piece of work are summed in pieces', async () => {
  const data = noise(3 * PIECE_BYTES + 1, 7);
  for (const format of STRONG) {
    for (const blockBytes of [
      PIECE_BYTES - 1,
      PIECE_BYTES,
      PIECE_BYTES + 1,
      2 * PIECE_BYTES,
      data.length,
      data.length + 1,
    ]) {
      await assertAsRdiff(data, { format, blockBytes });
    }
  }
});

test('the bytes do not depend on the number of threads', async () => {
  const data = noise(20_000_001, 3);
  for (const workers of [1, 2, 4]) await assertAsRdiff(data, { workers });
});

test('wasm gives the sums of the scalar references', async () => {
  const strongOf = { blake2: blake2b, md4 };
  const weakOf = { rabinkarp, rollsum };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer(),
      fc.constantFrom(...STRONG),
      fc.constantFrom(...WEAK),
      async (blockBytes, blocks, seed, format, weak) => {
        const data = noise(blockBytes * blocks, seed);
        writeFileSync(base, data);
        await signature(base, ours, { blockBytes, format, rollsum: weak });
        const expected = Array.from({ length: blocks }, (_, index) => {
          const block = data.subarray(index * blockBytes, (index + 1) * blockBytes);
          const sum = Buffer.alloc(4);
          sum.writeUInt32BE(weakOf[weak](block));
          return [sum, strongOf[format](block)];
        }).flat();
        assert.ok(readFileSync(ours).subarray(12).equals(Buffer.concat(expected)));
      },
    ),
    { numRuns: 60 },
  );
});

test('the scalar references give the published values', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  // RFC 1320, A.5
  assert.is(hex(md4(Buffer.from(''))), '31d6cfe0d16ae931b73c59d7e0c089c0');
  assert.is(hex(md4(Buffer.from('message digest'))), 'd9130a8164549fe818874806e1c7014b');
  // `printf abc | b2sum -l 256`
  assert.is(
    hex(blake2b(Buffer.from('abc'))),
    execFileSync('b2sum', ['-l', '256'], { input: 'abc' }).toString().slice(0, 64),
  );
});

test('lengths that no signature can have are refused by name, and nothing is written', async () => {
  writeFileSync(base, 'x');
  const out = join(dir, 'refused.sig');
  for (const [options, words] of [
    [{ blockBytes: 0 }, /invalid block length 0;/],
    [{ blockBytes: 2 ** 31 }, /invalid block length 2147483648;/],
    [{ strongBytes: 33 }, /expected 1 to 32 for blake2/],
    [{ strongBytes: 17, format: 'md4' }, /expected 1 to 16 for md4/],
    [{ strongBytes: 1.5 }, /invalid sum length 1.5;/],
  ] as const) {
    const failure = await failureOf(async () => await signature(base, out, options));
    assert.is(failure.code, 'usage');
    assert.match(failure.message, words);
  }
  assert.not(existsSync(out));
});

test('what has no size of its own is refused: a device would pass for an empty base', async () => {
  const failure = await failureOf(async () => await signature('/dev/zero', join(dir, 'device.sig')));
  assert.is(failure.code, 'io-failed');
  assert.match(failure.message, /\/dev\/zero is not a regular file/);
});

test('a signal stops it and leaves no file', async () => {
  writeFileSync(base, noise(20_000_000, 1));
  const out = join(dir, 'stopped.sig');
  const stop = new AbortController();
  const enough = new ReleasePlanError('interrupted', 'enough');
  assert.is(
    await failureOf(
      async () => await signature(base, out, { signal: stop.signal, workers: 2, onProgress: () => stop.abort(enough) }),
    ),
    enough,
  );
  assert.not(existsSync(out));
});

test('what is no whole signature is said to be none', async () => {
  const file = join(dir, 'damaged.sig');
  const header = (magic: number, blockBytes: number, strongBytes: number, rest = 0): Buffer => {
    const bytes = Buffer.alloc(12 + rest);
    bytes.writeUInt32BE(magic, 0);
    bytes.writeUInt32BE(blockBytes, 4);
    bytes.writeUInt32BE(strongBytes, 8);
    return bytes;
  };
  for (const [bytes, words] of [
    [Buffer.from('rs'), /too few for a header/],
    [header(0x72730236, 256, 32), /not the magic number of a signature/],
    [header(0x72730147, 0, 32), /block length is 0/],
    [header(0x72730147, 256, 33), /blake2 has 1 to 32/],
    [header(0x72730146, 256, 17), /md4 has 1 to 16/],
    [header(0x72730147, 256, 32, 35), /whole number of blocks/],
  ] as const) {
    writeFileSync(file, bytes);
    const failure = await failureOf(async () => await readSignatureHeader(file));
    assert.is(failure.code, 'signature-corrupt');
    assert.match(failure.message, words);
  }
});

test.run();
