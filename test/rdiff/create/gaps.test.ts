import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  countUsed,
  gapBytes,
  gapsOf,
  joined,
  settleUsed,
  unusedBlocks,
  unusedStretches,
} from '../../../src/rdiff/create/gaps.ts';

const test = suite('rdiff/create/gaps');

/** Matches in target order with gaps between, some of them empty. */
const matches = fc
  .array(fc.tuple(fc.nat(50), fc.nat(100_000), fc.integer({ min: 1, max: 5000 })), { maxLength: 12 })
  .map((list) => {
    let at = 1000;
    return Float64Array.from(
      list.flatMap(([gap, base, length]) => {
        const match = [at + gap, base, length];
        at += gap + length;
        return match;
      }),
    );
  });

test('gaps and matches together cover a segment exactly', () => {
  fc.assert(
    fc.property(matches, fc.nat(300), (list, rest) => {
      const end = list.length === 0 ? 1000 + rest : list.at(-3)! + list.at(-1)! + rest;
      const covered = new Uint8Array(end - 1000);
      const cover = (from: number, to: number): void => {
        for (let at = from; at < to; at += 1) covered[at - 1000]! += 1;
      };
      for (let at = 0; at < list.length; at += 3) cover(list[at]!, list[at]! + list[at + 2]!);
      const gaps = gapsOf(list, 1000, end, 32);
      assert.ok(gaps.every((gap) => gap.end - gap.start <= 32));
      for (const gap of gaps) cover(gap.start, gap.end);
      assert.ok(covered.every((times) => times === 1));
      assert.ok(gaps.every((gap) => gap.end > gap.start));
      assert.is(
        gapBytes(list, 1000, end),
        gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0),
      );
    }),
  );
});

test('a gap knows the diagonals of its neighbours', () => {
  assert.equal(gapsOf(Float64Array.of(10, 110, 5, 20, 20, 5), 0, 30, 100), [
    { start: 0, end: 10, before: 0, after: 100 },
    { start: 15, end: 20, before: 100, after: 0 },
    { start: 25, end: 30, before: 0, after: 0 },
  ]);
});

test('long gaps come in pieces', () => {
  assert.equal(gapsOf(Float64Array.of(10, 110, 5), 3, 30, 6), [
    { start: 3, end: 9, before: 0, after: 100 },
    { start: 9, end: 10, before: 0, after: 100 },
    { start: 15, end: 21, before: 100, after: 100 },
    { start: 21, end: 27, before: 100, after: 100 },
    { start: 27, end: 30, before: 100, after: 100 },
  ]);
});

/** How many bytes of each block matches use; 255 stands for all. */
function usedBytes(list: Float64Array, blocks: number): number[] {
  const bytes = Array.from({ length: blocks }, () => 0);
  for (let at = 0; at < list.length; at += 3)
    for (let base = list[at + 1]!; base < list[at + 1]! + list[at + 2]!; base += 1) bytes[Math.floor(base / 256)]! += 1;
  return bytes.map((one) => Math.min(one, 255));
}

test('a block is used when matches leave no more of it than a byte', () => {
  fc.assert(
    fc.property(matches, (list) => {
      const used = new Uint8Array(420);
      countUsed(used, list);
      const counted = usedBytes(list, used.length);
      assert.equal([...used], counted);
      assert.is(settleUsed(used), counted.filter((one) => one < 255).length);
      assert.equal(
        [...used],
        counted.map((one) => (one < 255 ? 0 : 1)),
      );
    }),
  );
});

test('unused stretches and unused blocks have every unused block, the blocks nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
      fc.nat(80),
      fc.nat(255),
      (flags, block, cut) => {
        const used = Uint8Array.from(flags, Number);
        const start = block * 256;
        const size = used.length * 256 - cut;
        const found = new Uint8Array(used.length).fill(1);
        for (const stretch of unusedBlocks(used, start, size)) {
          assert.is(stretch.start % 256, 0);
          assert.ok(stretch.end <= start + size);
          found.fill(0, (stretch.start - start) / 256, Math.ceil((stretch.end - start) / 256));
        }
        assert.equal(found, used);
        const wanted = new Uint8Array(size);
        let last = start - 1;
        for (const { start: from, end: to } of unusedStretches(used, start, size)) {
          assert.ok(from > last && to > from && to <= start + size, 'in order, apart, inside');
          wanted.fill(1, from - start, to - start);
          last = to;
        }
        assert.ok(wanted.every((one, at) => one === 1 || used[Math.floor(at / 256)] === 1));
      },
    ),
  );
});

test('stretches that are near to one another are joined, and those alone', () => {
  const stretches = [
    { start: 3, end: 5 },
    { start: 15, end: 20 },
    { start: 31, end: 40 },
  ];
  assert.equal(
    [...joined(stretches, 10)],
    [
      { start: 3, end: 20 },
      { start: 31, end: 40 },
    ],
  );
  assert.equal([...joined([], 10)], []);
});

test.run();
