import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANCHOR_STRIDE_BITS,
  COMMANDS_BYTES,
  PIECE_BYTES,
  SEGMENT_BYTES,
  planLayout,
  type Layout,
} from '../../../src/rdiff/create/layout.ts';
import { failureOf } from '../../support/failure.ts';

const test = suite('rdiff/create/layout');
const GIB = 2 ** 30;

/** Every buffer with its size, as the wasm functions use them. */
const buffers = (layout: Layout, baseBytes: number): Array<[at: number, size: number]> => [
  [layout.heldAt, layout.heldPages * 4096],
  [layout.pagesAt, layout.heldPages * 16],
  [layout.placesAt, 4 * Math.ceil(baseBytes / 4096)],
  [layout.anchors.at, 4 * 2 ** layout.anchors.bits],
  [layout.anchors.filterAt, 2 ** layout.anchors.bits],
  [layout.coarse.at, 4 * 2 ** layout.coarse.bits],
  [layout.runsAt, 2048],
  [layout.usedAt, Math.ceil(baseBytes / 256)],
  [layout.fineAt, 16 * 2 ** layout.fineBits],
  [layout.filterAt, 2 * 2 ** layout.fineBits],
  ...layout.lanes.flatMap((lane): Array<[number, number]> => [
    [lane.targetAt, SEGMENT_BYTES],
    [lane.baseAt, 64 * (16_384 + 4)],
    [lane.matchesAt, (SEGMENT_BYTES / 8) * 16],
    [lane.hitsAt, PIECE_BYTES],
    [lane.bestAt, 8 * PIECE_BYTES],
    [lane.costsAt, 8 * (PIECE_BYTES + 1)],
    [lane.countsAt, 1024],
    [lane.commandsAt, COMMANDS_BYTES],
    [lane.endsAt, 80],
  ]),
];

test('buffers lie apart, within the memory given, aligned as the indexes need them', () => {
  const sizes = fc.oneof(
    fc.nat(64 * 2 ** 20),
    fc.maxSafeNat().map((one) => one % (4 * GIB)),
  );
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 200, max: 4096 }),
      fc.integer({ min: 1, max: 8 }),
      (baseBytes, memoryMiB, lanes) => {
        const memoryBytes = memoryMiB * 2 ** 20;
        // Beyond that the tables alone may not fit.
        fc.pre(baseBytes <= 8 * memoryBytes);
        const layout = planLayout(baseBytes, memoryBytes, lanes);
        assert.ok(layout.sizeBytes <= Math.min(memoryBytes, 4 * GIB - 65_536));
        assert.is(layout.heldAt % 4096, 0);
        const { lanes: _one, ...alone } = planLayout(baseBytes, memoryBytes, 1);
        const { lanes: _all, ...together } = layout;
        assert.equal(
          { ...together, sizeBytes: 0 },
          { ...alone, sizeBytes: 0 },
          'what the delta depends on does not depend on the workers',
        );
        // A window's number and its tag share a word, and 0 is none.
        assert.ok(Math.ceil(baseBytes / 2 ** layout.coarse.strideBits) < 2 ** (32 - layout.coarse.tagBits));
        assert.ok(Math.ceil(baseBytes / 2 ** ANCHOR_STRIDE_BITS) < 2 ** (32 - layout.anchors.tagBits));
        let free = 65_536;
        for (const [at, size] of buffers(layout, baseBytes).toSorted(([a], [b]) => a - b)) {
          assert.ok(at >= free, 'buffers overlap');
          // SIMD reads beyond the end of what it compares.
          free = at + size + 16;
        }
        assert.ok(free <= layout.sizeBytes);
      },
    ),
  );
});

test('has room for the whole base where it fits, and for no more than its table is for', () => {
  assert.is(planLayout(GIB / 8, GIB / 2, 2).heldPages, GIB / 8 / 4096);
  for (const baseGiB of [1, 3, 8, 64]) {
    const layout = planLayout(baseGiB * GIB, 4 * GIB, 2);
    assert.is(layout.heldPages, GIB / 4 / 4096, `${baseGiB} GiB`);
    assert.is((2 * 2 ** layout.fineBits * 16) / 2 ** 28, 1, 'a window at every 16th byte, two to a bucket');
  }
});

test('thins out the coarse index where memory is short or the base is large', () => {
  assert.is(planLayout(GIB, 4 * GIB, 2).coarse.strideBits, 8);
  assert.is(planLayout(8 * GIB, 4 * GIB, 2).coarse.strideBits, 9);
  assert.ok(planLayout(8 * GIB, GIB / 2, 2).coarse.strideBits >= 9);
  assert.ok(4 * 2 ** planLayout(8 * GIB, GIB / 2, 2).coarse.bits <= GIB / 8);
});

test('refuses a memory in which there is no room to work', async () => {
  const refused = await failureOf(async () => planLayout(GIB, 64 * 2 ** 20, 8));
  assert.is(refused.code, 'engine-memory');
  const enough = Number(/--memory (\d+)MiB/.exec(refused.hint ?? '')?.[1]);
  assert.ok(planLayout(GIB, enough * 2 ** 20, 8).heldPages > 0, 'what the hint says is enough');
});

test.run();
