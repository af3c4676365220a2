import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CHUNK_BYTES, COARSE_STRIDE, PIECE_BYTES, SEGMENT_BYTES, planLayout, type Layout } from '../../../src/rdiff/create/layout.ts';
import { failureOf } from '../../support/failure.ts';

const test = suite('rdiff/create/layout');
const GIB = 2 ** 30;

/** Every buffer with its size, as the wasm functions use them. */
const buffers = (layout: Layout): Array<[at: number, size: number]> => [
  [layout.baseAt, layout.windowBytes],
  [layout.coarseAt, 4 * 2 ** layout.coarseBits],
  [layout.runsAt, 2048],
  [layout.usedAt, Math.ceil(layout.windowBytes / 256)],
  [layout.fineAt, 16 * 2 ** layout.fineBits],
  [layout.filterAt, 2 * 2 ** layout.fineBits],
  ...layout.lanes.flatMap((lane): Array<[number, number]> => [
    [lane.targetAt, SEGMENT_BYTES],
    [lane.matchesAt, (SEGMENT_BYTES / 8) * 12],
    [lane.hitsAt, PIECE_BYTES],
    [lane.bestAt, 8 * PIECE_BYTES],
    [lane.costsAt, 8 * (PIECE_BYTES + 1)],
    [lane.countsAt, 1024],
  ]),
];

test('buffers lie apart, within the memory given, aligned as the indexes need them', () => {
  const sizes = fc.oneof(fc.nat(64 * 2 ** 20), fc.maxSafeNat().map((one) => one % (16 * GIB)));
  fc.assert(fc.property(sizes, fc.integer({ min: 192, max: 4096 }), fc.integer({ min: 1, max: 8 }), (baseBytes, memoryMiB, lanes) => {
    const layout = planLayout(baseBytes, memoryMiB * 2 ** 20, lanes);
    assert.ok(layout.sizeBytes <= Math.min(memoryMiB * 2 ** 20, 4 * GIB - 65_536));
    assert.is(layout.baseAt % COARSE_STRIDE, 0);
    assert.is(layout.windowBytes, planLayout(baseBytes, memoryMiB * 2 ** 20, 1).windowBytes, 'the window does not depend on the workers');
    if (layout.windowBytes < baseBytes) assert.is(layout.windowBytes % CHUNK_BYTES, 0);
    let free = 65_536;
    for (const [at, size] of buffers(layout).toSorted(([a], [b]) => a - b)) {
      assert.ok(at >= free, 'buffers overlap');
      // SIMD reads beyond the end of what it compares.
      free = at + size + 16;
    }
    assert.ok(free <= layout.sizeBytes);
  }));
});

test('takes the whole base where it fits: 3 GiB in 4', () => {
  assert.is(planLayout(3 * GIB, 4 * GIB, 2).windowBytes, 3 * GIB);
  assert.ok(planLayout(8 * GIB, 4 * GIB, 2).windowBytes > 3 * GIB);
});

test('refuses what no window fits into', async () => {
  assert.is((await failureOf(async () => planLayout(GIB, 64 * 2 ** 20, 8))).code, 'engine-memory');
});

test.run();
