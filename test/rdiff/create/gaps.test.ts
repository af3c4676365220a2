import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gapBytes, gapsOf, joined, markUsed, unusedBlocks, unusedStretches } from '../../../src/rdiff/create/gaps.ts';

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

test('unused stretches leave out whole used blocks, and nothing else', () => {
  fc.assert(
    fc.property(matches, fc.nat(80), fc.integer({ min: 0, max: 90_000 }), (list, block, size) => {
      const start = block * 256;
      const all = new Uint8Array(Math.ceil((start + size) / 256));
      markUsed(all, list);
      const blocks = all.subarray(block);
      const wanted = new Uint8Array(size);
      let last = start - 1;
      for (const { start: from, end: to } of unusedStretches(blocks, start, size)) {
        assert.ok(from > last && to > from && to <= start + size, 'in order, apart, inside');
        wanted.fill(1, from - start, to - start);
        last = to;
      }
      const used = new Uint8Array(size);
      for (let at = 0; at < list.length; at += 3)
        used.fill(1, Math.max(0, list[at + 1]! - start), Math.max(0, list[at + 1]! + list[at + 2]! - start));
      assert.ok(
        used.every((one, at) => one === 1 || wanted[at] === 1),
        'every byte that no match uses is there',
      );
    }),
  );
});

test('unused blocks are those that no match uses, whole and no others', () => {
  fc.assert(
    fc.property(matches, fc.nat(80), fc.integer({ min: 0, max: 90_000 }), (list, block, size) => {
      const all = new Uint8Array(Math.ceil((block * 256 + size) / 256));
      markUsed(all, list);
      const found = new Uint8Array(all.length).fill(1);
      for (const { start, end } of unusedBlocks(all.subarray(block), block * 256, size)) {
        assert.is(start % 256, 0);
        assert.ok(end <= block * 256 + size);
        found.fill(0, start / 256, Math.ceil(end / 256));
      }
      assert.equal(found.subarray(block), all.subarray(block));
    }),
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
