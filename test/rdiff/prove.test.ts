import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { createDelta } from '../../src/rdiff/create.ts';
import { proveDelta } from '../../src/rdiff/prove.ts';
import { execFileSync } from 'node:child_process';
import { copy, delta, literal } from '../support/delta-bytes.ts';
import { failureOf } from '../support/failure.ts';
import { noise } from '../support/noise.ts';
import { edited } from '../support/pairs.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('rdiff/prove');
const dir = scratch('prove');
const base = join(dir, 'base');
const target = join(dir, 'target');
const deltaFile = join(dir, 'delta');

test('proves a right delta, and gives what the target is', async () => {
  const from = noise(6_000_000, 1);
  const to = edited(from, 2);
  writeFileSync(base, from);
  writeFileSync(target, to);
  await createDelta(base, target, deltaFile);
  const targetSha256 = createHash('sha256').update(to).digest('hex');
  assert.equal(await proveDelta(base, deltaFile, target), { equal: true, targetBytes: to.length, targetSha256 });
  assert.equal(await proveDelta(base, deltaFile, target, { digest: false }), { equal: true, targetBytes: to.length });
});

test('an empty target is proven too', async () => {
  writeFileSync(target, '');
  writeFileSync(deltaFile, delta());
  assert.equal(await proveDelta(base, deltaFile, target, { digest: false }), { equal: true, targetBytes: 0 });
});

test('names the first byte that differs, wherever it is', async () => {
  const from = noise(300_000, 5);
  writeFileSync(base, from);
  writeFileSync(deltaFile, delta(copy(0, from.length)));
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: from.length - 1 }), fc.nat({ max: from.length - 1 }), async (first, second) => {
      const other = Buffer.from(from);
      for (const at of [first, second]) other[at] = (from[at] ?? 0) ^ 1;
      writeFileSync(target, other);
      assert.equal(await proveDelta(base, deltaFile, target), {
        equal: false,
        firstDifference: Math.min(first, second),
        reconstructedBytes: from.length,
        targetBytes: from.length,
      });
    }),
    { numRuns: 25 },
  );
});

test('a target that is shorter or longer differs where the shorter one ends', async () => {
  const from = noise(1000, 6);
  writeFileSync(base, from);
  writeFileSync(deltaFile, delta(copy(0, 1000), literal(Buffer.from('end'), 0)));
  for (const [to, firstDifference] of [
    [from, 1000],
    [from.subarray(0, 10), 10],
    [Buffer.concat([from, Buffer.from('ending')]), 1003],
    [Buffer.alloc(0), 0],
  ] as const) {
    writeFileSync(target, to);
    assert.equal(await proveDelta(base, deltaFile, target), {
      equal: false,
      firstDifference,
      reconstructedBytes: 1003,
      targetBytes: to.length,
    });
  }
});

test('a delta that cannot be applied is an error, not a difference', async () => {
  writeFileSync(base, 'short');
  assert.is((await failureOf(async () => await proveDelta(base, deltaFile, target))).code, 'delta-beyond-base');
});

test('a signal stops it', async () => {
  const stop = new AbortController();
  writeFileSync(base, noise(100_000, 1));
  writeFileSync(deltaFile, delta(...Array.from({ length: 300 }, () => copy(0, 100_000))));
  const enough = new ReleasePlanError('interrupted', 'enough');
  assert.is(
    await failureOf(
      async () =>
        await proveDelta(base, deltaFile, base, { signal: stop.signal, onProgress: () => stop.abort(enough) }),
    ),
    enough,
  );
});

test('memory does not grow with the image: 1 GiB within 100 MiB beyond what Node.js takes itself', async () => {
  const sizeBytes = 2 ** 30;
  writeFileSync(base, '');
  truncateSync(base, sizeBytes);
  writeFileSync(deltaFile, delta(copy(0, sizeBytes)));
  const peakKiB = (work: string): number =>
    Number(
      execFileSync(
        process.execPath,
        [
          '--import',
          'tsx',
          '--input-type=module',
          '--eval',
          `
    const { proveDelta } = await import(${JSON.stringify(new URL('../../src/rdiff/prove.ts', import.meta.url).href)});
    ${work}
    process.stdout.write(String(process.resourceUsage().maxRSS));
  `,
        ],
        { encoding: 'utf8' },
      ),
    );
  const idle = peakKiB('');
  const proving = peakKiB(`
    const proof = await proveDelta(${JSON.stringify(base)}, ${JSON.stringify(deltaFile)}, ${JSON.stringify(base)}, { digest: false });
    if (!proof.equal) throw new Error('differs');
  `);
  assert.ok(proving - idle < 100 * 1024, `${proving - idle} KiB more than an idle process`);
});

test.run();
