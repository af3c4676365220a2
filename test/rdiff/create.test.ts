import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../src/io/process.ts';
import { createDelta, type CreateDeltaOptions, type DeltaSummary } from '../../src/rdiff/create.ts';
import { planLayout } from '../../src/rdiff/create/layout.ts';
import { DeltaParser, type DeltaPart } from '../../src/rdiff/delta-parser.ts';
import { digestFile } from '../../src/io/hash.ts';
import { failureOf } from '../support/failure.ts';
import { noise } from '../support/noise.ts';
import { edited, pairs } from '../support/pairs.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('rdiff/create');
const dir = scratch('create');
const paths = {
  base: join(dir, 'base'),
  target: join(dir, 'target'),
  delta: join(dir, 'delta'),
  out: join(dir, 'out'),
};

/** Makes the delta of two byte strings. */
async function make(base: Uint8Array, target: Uint8Array, options?: CreateDeltaOptions): Promise<DeltaSummary> {
  writeFileSync(paths.base, base);
  writeFileSync(paths.target, target);
  return await createDelta(paths.base, paths.target, paths.delta, options);
}

/** Lets the real rdiff apply the delta made last; true when it gives the target. */
async function patched(): Promise<boolean> {
  rmSync(paths.out, { force: true });
  await run('rdiff', ['patch', paths.base, paths.delta, paths.out]);
  return readFileSync(paths.out).equals(readFileSync(paths.target));
}

/** The commands of the delta made last. */
function commands(): Array<Exclude<DeltaPart, { kind: 'data' }>> {
  const parser = new DeltaParser();
  const parts = [...parser.parse(readFileSync(paths.delta))].filter((part) => part.kind !== 'data');
  parser.finish();
  return parts as Array<Exclude<DeltaPart, { kind: 'data' }>>;
}

/** That the summary tells what is in the file, and that no command could have been spared by joining two. */
async function checkSummary(made: DeltaSummary): Promise<void> {
  const list = commands();
  const copies = list.filter((one) => one.kind === 'copy');
  const literals = list.filter((one) => one.kind === 'literal');
  const sum = (some: ReadonlyArray<{ lengthBytes: number }>): number =>
    some.reduce((total, one) => total + one.lengthBytes, 0);
  assert.equal(
    [made.copies, made.copyBytes, made.literals, made.literalBytes],
    [copies.length, sum(copies), literals.length, sum(literals)],
  );
  assert.equal({ sizeBytes: made.deltaBytes, sha256: made.deltaSha256 }, await digestFile(paths.delta));
  for (const [at, one] of list.entries()) {
    const next = list[at + 1];
    assert.ok(one.lengthBytes > 0, 'an empty command');
    if (one.kind === 'literal') assert.is.not(next?.kind, 'literal', 'two literals in a row');
    else if (next?.kind === 'copy') assert.is.not(next.offset, one.offset + one.lengthBytes, 'two copies that are one');
  }
}

test('rdiff patch makes the target from any pair of edits, moves, repeats and cuts', async () => {
  await fc.assert(
    fc.asyncProperty(pairs(60_000), async ([base, target]) => {
      await checkSummary(await make(base, target));
      assert.ok(await patched());
    }),
    { numRuns: 80 },
  );
});

test('works at every limit of the format', async () => {
  const limits = [0, 1, 2, 11, 12, 31, 32, 33, 63, 64, 65, 255, 256, 257, 65_535, 65_536, 65_537];
  const sizes = fc.constantFrom(...limits);
  await fc.assert(
    fc.asyncProperty(sizes, sizes, sizes, async (offset, copied, inserted) => {
      const base = noise(offset + copied, 1);
      await make(
        base,
        Buffer.concat([base.subarray(offset), noise(inserted, 2), base.subarray(offset, offset + copied)]),
      );
      assert.ok(await patched());
    }),
    { numRuns: 60 },
  );
});

test('writes offsets and lengths beyond 65535 and segment borders', async () => {
  const base = noise(6_500_000, 3);
  const made = await make(base, Buffer.concat([base.subarray(2_200_001), base.subarray(0, 2_200_001)]));
  assert.ok(await patched());
  assert.equal([made.copies, made.literals], [2, 0]);
});

test('an empty base gives one literal, an empty target nothing', async () => {
  const content = noise(70_000, 4);
  assert.equal(
    (({ copies, literals, literalBytes }) => ({ copies, literals, literalBytes }))(
      await make(new Uint8Array(), content),
    ),
    { copies: 0, literals: 1, literalBytes: 70_000 },
  );
  assert.ok(await patched());
  const made = await make(content, new Uint8Array());
  assert.is(made.deltaBytes, 5);
  assert.ok(await patched());
});

test('an image that did not change is one copy', async () => {
  const base = noise(5_000_000, 5);
  const made = await make(base, base);
  assert.equal([made.copies, made.literals], [1, 0]);
});

test('finds what is far shorter than a block of rdiff, away from its place', async () => {
  const base = noise(300_000, 6);
  // Pieces of 40 bytes from all over, between foreign bytes: no block hash can find them.
  const pieces = Array.from({ length: 200 }, (_, turn) => [
    noise(20, 1000 + turn),
    base.subarray((turn * 7919) % 299_000, ((turn * 7919) % 299_000) + 40),
  ]).flat();
  const made = await make(base, Buffer.concat(pieces));
  assert.ok(await patched());
  assert.ok(made.copies > 190, `${made.copies} copies`);
});

test('the same bits from this thread and from 1, 2 and 4 workers, whole and in windows', async () => {
  const base = Buffer.concat([noise(3_000_000, 7), Buffer.alloc(1_000_000), noise(2_000_000, 8)]);
  const target = Buffer.concat([edited(base, 9), noise(300_000, 10), base.subarray(500_000, 2_600_000)]);
  const whole = (await make(base, target)).deltaSha256;
  assert.ok(await patched());
  for (const workers of [1, 2, 4])
    assert.is((await make(base, target, { workers })).deltaSha256, whole, `${workers} workers`);
});

test('what moved is found in little memory too, and with any number of threads', async () => {
  const base = noise(24_000_000, 11);
  const target = Buffer.concat([base.subarray(13_000_000), noise(5000, 12), base.subarray(0, 13_000_000)]);
  const made = await make(base, target, { memoryBytes: 200 * 2 ** 20, workers: 1 });
  assert.ok(await patched());
  assert.is(
    (await make(base, target, { memoryBytes: 200 * 2 ** 20, workers: 3 })).deltaSha256,
    made.deltaSha256,
    'the same bits',
  );
  assert.equal([made.copies, made.literalBytes], [2, 5000]);
});

test('when what no long match uses does not fit, the second pass goes through it in parts', async () => {
  // Every 20th byte differs: nothing for the first pass, everything for the second.
  const base = noise(24_000_000, 30);
  const target = Buffer.from(base);
  for (let at = 0; at < target.length; at += 20) target[at]! ^= 0xff;
  const memoryBytes = 200 * 2 ** 20;
  assert.ok(planLayout(base.length, memoryBytes, 1).heldPages * 4096 < base.length / 2);
  const made = await make(base, target, { memoryBytes, workers: 1 });
  await checkSummary(made);
  assert.ok(await patched());
  assert.ok(made.literalBytes < target.length / 8, `${made.literalBytes} bytes in literals`);
  assert.is((await make(base, target, { memoryBytes, workers: 3 })).deltaSha256, made.deltaSha256, 'the same bits');
});

const repeated = (block: Uint8Array, times: number): Buffer =>
  Buffer.concat(Array.from({ length: times }, () => block));
const random = noise(4_000_000, 13);
const worst: Record<string, [base: Uint8Array, target: Uint8Array, commandsAtMost: number]> = {
  'zeros': [Buffer.alloc(4_000_000), Buffer.alloc(4_100_000), 3],
  'zeros in the base first as a short run': [
    Buffer.concat([noise(256, 23), Buffer.alloc(300), noise(2000, 24), Buffer.alloc(900_000)]),
    Buffer.alloc(2_000_000),
    6,
  ],
  'one byte repeated, another in the target': [Buffer.alloc(3_000_000, 0xff), Buffer.alloc(3_000_000, 0x55), 1],
  'a zero run that moved by a byte every KiB': [
    Buffer.alloc(2_000_000),
    repeated(Buffer.concat([Buffer.alloc(1023), Uint8Array.of(1)]), 2000),
    4001,
  ],
  'the same 4 KiB block': [repeated(noise(4096, 14), 1000), repeated(noise(4096, 14), 1100), 3],
  'two blocks in alternation against one of them': [
    repeated(Buffer.concat([noise(64, 15), noise(64, 16)]), 20_000),
    repeated(noise(64, 15), 40_000),
    40_000,
  ],
  'random against random': [random, noise(4_000_000, 17), 40],
  'halves swapped': [random, Buffer.concat([random.subarray(2_000_000), random.subarray(0, 2_000_000)]), 2],
  'windows that begin alike': [
    repeated(Buffer.concat([Buffer.alloc(31, 7), Uint8Array.of(1)]), 60_000),
    repeated(Buffer.concat([Buffer.alloc(30, 7), Uint8Array.of(2, 3)]), 60_000),
    120_000,
  ],
};
for (const [name, [base, target, commandsAtMost]] of Object.entries(worst)) {
  test(`worst case: ${name}`, async () => {
    const made = await make(base, target);
    assert.ok(await patched());
    assert.ok(made.copies + made.literals <= commandsAtMost, `${made.copies} copies, ${made.literals} literals`);
  });
}

test('tells how far it is', async () => {
  const seen: string[] = [];
  const base = noise(5_000_000, 18);
  await make(base, edited(base, 19), {
    onProgress: ({ phase, doneBytes, totalBytes }) =>
      void seen.push(`${phase} ${totalBytes === undefined || doneBytes <= totalBytes}`),
  });
  assert.equal([...new Set(seen)], ['scan true', 'index true', 'write true']);
});

test('stops when the signal fires, before it begins and in the middle', async () => {
  const base = noise(4_000_000, 20);
  assert.is((await failureOf(async () => await make(base, base, { signal: AbortSignal.abort() }))).code, 'interrupted');
  for (const workers of [undefined, 2]) {
    const stop = new AbortController();
    const options = {
      signal: stop.signal,
      onProgress: () => stop.abort(),
      ...(workers === undefined ? {} : { workers }),
    };
    assert.is((await failureOf(async () => await make(base, base, options))).code, 'interrupted');
  }
});

test('refuses what it cannot use, and says which: a file, a memory, a number of workers', async () => {
  await make(noise(1000, 21), noise(1000, 22));
  const missing = await failureOf(async () => await createDelta(join(dir, 'none'), paths.target, paths.delta));
  assert.is(missing.code, 'io-failed');
  assert.match(missing.message, join(dir, 'none'));
  mkdirSync(join(dir, 'folder'), { recursive: true });
  assert.match(
    (await failureOf(async () => await createDelta(join(dir, 'folder'), paths.target, paths.delta))).message,
    'not a regular file',
  );
  const overwriting = await failureOf(async () => await createDelta(paths.base, paths.target, paths.target));
  assert.is(overwriting.code, 'usage');
  assert.is(readFileSync(paths.target).length, 1000);
  assert.is(
    (await failureOf(async () => await createDelta(paths.base, paths.target, paths.delta, { workers: 0 }))).code,
    'usage',
  );
  writeFileSync(paths.base, '');
  truncateSync(paths.base, 64 * 2 ** 20);
  assert.is(
    (await failureOf(async () => await createDelta(paths.base, paths.target, paths.delta, { memoryBytes: 2 ** 20 })))
      .code,
    'engine-memory',
  );
});

test.run();
