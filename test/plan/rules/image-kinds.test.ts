/** Kinds of images by the names of their files: which are told to have large deltas, and when no longer. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { loadPlan } from '../../../src/plan/load.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('plan: image kinds');
const plan = readFileSync(new URL('../bad/image-kind-large-deltas.yml', import.meta.url), 'utf8');

async function found(text: string, kasFile = ''): Promise<Diagnostic[]> {
  const dir = scratch('image-kinds');
  mkdirSync(join(dir, 'kas'));
  writeFileSync(join(dir, 'kas/product.yml'), kasFile);
  writeFileSync(join(dir, 'plan.yml'), text);
  const { diagnostics } = await loadPlan('plan.yml', { cwd: dir });
  return diagnostics.filter((one) => one.code === 'image-kind-large-deltas');
}

for (const [suffix, isTold] of [
  ['squashfs-zst', true],
  ['squashfs-xz', true],
  // Their names do not say how they are compressed, if they are.
  ['squashfs', false],
  ['erofs', false],
  ['ext4', false],
  // Compressed, with deltas of less than twice the size.
  ['squashfs-lz4', false],
  ['squashfs-lzo', false],
  ['erofs-lz4', false],
  ['erofs-lz4hc', false],
] as const) {
  test(`.${suffix} is ${isTold ? 'told' : 'not told'}`, async () => {
    assert.is((await found(plan.replace('squashfs-zst', suffix))).length, isTold ? 1 : 0);
  });
}

test('the message names the figure, the hint the fragment', async () => {
  const [one] = await found(plan);
  assert.match(
    one?.message ?? '',
    /^partitions\[0\]\.file is .*: by default, deltas of squashfs \(zstd, 128 KiB blocks\) /,
  );
  assert.match(one?.message ?? '', /about [3-9]\.\d times as large/);
  assert.match(one?.hint ?? '', /kas\/delta-friendly-squashfs\.yml/);
});

test('a partition that is updated as a whole is of any kind', async () => {
  assert.equal(await found(plan.replace('delta: rdiff', 'delta: none')), []);
});

test('with the fragment among what the kas file includes there is nothing to tell', async () => {
  const includes = 'header:\n  version: 12\n  includes:\n    - { repo: release-plan, file: kas/NAME.yml }\n';
  assert.equal(await found(plan, includes.replace('NAME', 'delta-friendly-squashfs')), []);
  assert.is((await found(plan, includes.replace('NAME', 'reproducible'))).length, 1);
});

test.run();
