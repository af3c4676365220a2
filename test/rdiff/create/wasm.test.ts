import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MatchExports } from '../../../src/rdiff/create/match-wasm.ts';
import { putCopy, putLiteralHead } from '../../../src/rdiff/encode.ts';
import { wasmMemory } from '../../../src/rdiff/wasm-memory.ts';
import { instantiate, loadWasm } from '../../../src/rdiff/wasm.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';

type Extend = (a: number, b: number, max: number) => number;
interface Exports extends Pick<MatchExports, 'chooseMatches' | 'countBytes' | 'literalCost' | 'encodeMatches'> {
  matchForward: Extend;
  matchForwardScalar: Extend;
  matchBackward: Extend;
  matchBackwardScalar: Extend;
  equal32(a: number, b: number): number;
  equal32Scalar(a: number, b: number): number;
  baseForward(cache: number, source: bigint, i: number, max: number): number;
  baseBackward(cache: number, source: bigint, i: number, max: number): number;
  baseEqual32(cache: number, source: bigint, i: number): number;
}

const test = suite('rdiff/create/wasm');
const memory = wasmMemory(8 << 20, true);
const bytes = new Uint8Array(memory.buffer);
const words = new Uint32Array(memory.buffer);
const offsets = new Float64Array(memory.buffer);
/** What the base of the tests holds from some offset on; zeros elsewhere. */
let base: { start: number; content: Uint8Array } = { start: 0, content: new Uint8Array() };
let loads = 0;
/** Where encodeMatches puts commands, and what it gave. */
const COMMANDS = 3 << 20;
let flushed: Buffer[] = [];
const wasm = instantiate<Exports>(await loadWasm('match'), memory, {
  loadBase(block, place, blocks) {
    loads += 1;
    for (let at = 0; at < blocks * 16_384; at += 1)
      bytes[place + at] = base.content[block * 16_384 + at - base.start] ?? 0;
  },
  flush(sizeBytes) {
    flushed.push(Buffer.from(bytes.subarray(COMMANDS, COMMANDS + sizeBytes)));
  },
});
const A = 4096;
const B = 65_536;

test('SIMD and scalar comparison agree wherever the first difference is', () => {
  const cases = fc.record({
    length: fc.integer({ min: 0, max: 200 }),
    differs: fc.integer({ min: 0, max: 220 }),
    shiftA: fc.integer({ min: 0, max: 17 }),
    shiftB: fc.integer({ min: 0, max: 17 }),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(cases, ({ length, differs, shiftA, shiftB, seed }) => {
      // The same noise twice, and around it bytes that go on agreeing: a read beyond max would show.
      const content = noise(300, seed);
      bytes.set(content, A + shiftA);
      bytes.set(content, B + shiftB);
      if (differs < length) bytes[B + shiftB + differs]! ^= 1;
      const forward = wasm.matchForward(A + shiftA, B + shiftB, length);
      assert.is(forward, Math.min(length, differs));
      assert.is(forward, wasm.matchForwardScalar(A + shiftA, B + shiftB, length));
      const backward = wasm.matchBackward(A + shiftA + length, B + shiftB + length, length);
      assert.is(backward, differs < length ? length - differs - 1 : length);
      assert.is(backward, wasm.matchBackwardScalar(A + shiftA + length, B + shiftB + length, length));
      assert.is(wasm.equal32(A + shiftA, B + shiftB), differs < length && differs < 32 ? 0 : 1);
      assert.is(wasm.equal32(A + shiftA, B + shiftB), wasm.equal32Scalar(A + shiftA, B + shiftB));
    }),
    { numRuns: 2000 },
  );
});

test('the base is compared across the blocks in which it is read, at offsets beyond 4 GiB too', () => {
  const cache = 1 << 20;
  const border = 5 * 2 ** 32 + 16_384 * 300;
  const cases = fc.record({
    before: fc.integer({ min: 0, max: 400 }),
    length: fc.integer({ min: 1, max: 40_000 }),
    differs: fc.nat(45_000),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(cases, ({ before, length, differs, seed }) => {
      const content = noise(length, seed);
      base = { start: border - before, content };
      bytes.fill(0, cache, cache + 64 * (16_384 + 4));
      bytes.set(content, B);
      if (differs < length) bytes[B + differs]! ^= 1;
      assert.is(wasm.baseForward(cache, BigInt(base.start), B, length), Math.min(length, differs));
      assert.is(
        wasm.baseBackward(cache, BigInt(base.start + length), B + length, length),
        differs < length ? length - differs - 1 : length,
      );
      if (length >= 32) assert.is(wasm.baseEqual32(cache, BigInt(base.start), B), differs < 32 ? 0 : 1);
      const read = loads;
      wasm.baseForward(cache, BigInt(base.start), B, length);
      assert.is(loads, read, 'what was read is held');
    }),
    { numRuns: 300 },
  );
});

interface Choice {
  size: number;
  literal: number;
  head: number;
  copy: number;
  found: Array<{ at: number; length: number }>;
}

/** The least cost of [at, size) over all choices, tried one by one; also parts of matches, from any byte of theirs. */
function leastCost(choice: Choice, at: number, open: boolean, known = new Map<string, number>()): number {
  if (at === choice.size) return 0;
  const key = `${at} ${open}`;
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const reach = Math.max(
    0,
    ...choice.found.filter((one) => one.at <= at && one.at + one.length > at).map((one) => one.at + one.length),
  );
  let least = choice.literal + (open ? 0 : choice.head) + leastCost(choice, at + 1, true, known);
  for (let end = at + 1; end <= reach; end += 1)
    least = Math.min(least, choice.copy + leastCost(choice, end, false, known));
  known.set(key, least);
  return least;
}

test('no other choice among the matches costs less', () => {
  const choices = fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      literal: fc.integer({ min: 1, max: 16 }),
      head: fc.integer({ min: 0, max: 30 }),
      copy: fc.integer({ min: 0, max: 100 }),
      found: fc.array(
        fc
          .tuple(fc.nat(size - 1), fc.integer({ min: 1, max: size }))
          .map(([at, length]) => ({ at, length: Math.min(length, size - at) })),
        { maxLength: 6 },
      ),
    }),
  );
  fc.assert(
    fc.property(choices, (choice) => {
      const { size, literal, head, copy, found } = choice;
      const [best, costs, out, pages] = [8192, 16_384, 32_768, 49_152];
      // Page 24 of what is held is page 7 of the base.
      words[(pages + 24 * 16) / 4 + 2] = 7;
      bytes.fill(0, best, best + 8 * size);
      for (const { at, length } of found) {
        if (length <= words[best / 4 + 2 * at]!) continue;
        words[best / 4 + 2 * at] = length;
        words[best / 4 + 2 * at + 1] = 100_000 + at;
      }
      const count = wasm.chooseMatches(best, size, costs, literal, head, copy, 5000, pages, 0, out);
      let cost = 0;
      let done = 0;
      for (let one = 0; one <= count; one += 1) {
        const at = out + 16 * one;
        const [target, length, source] =
          one < count
            ? ([words[at / 4]!, words[at / 4 + 1]!, offsets[at / 8 + 1]!] as const)
            : ([5000 + size, 0, 0] as const);
        const inserted = target - 5000 - done;
        assert.ok(inserted >= 0, 'matches overlap');
        cost += inserted * literal + (inserted > 0 ? head : 0) + (one < count ? copy : 0);
        done += inserted + length;
        if (one < count)
          assert.is(source, 100_000 - (24 - 7) * 4096 + target - 5000, 'the source goes with the target');
      }
      assert.is(cost, leastCost(choice, 0, false));
    }),
    { numRuns: 500 },
  );
});

test('commands come out as the plain writer makes them, in a buffer of any size', () => {
  const lists = fc.array(
    fc.record({
      gap: fc.oneof(fc.constantFrom(0, 0, 1, 64, 65, 255, 256), fc.nat(70_000)),
      length: fc.oneof(fc.constantFrom(1, 255, 256, 65_535, 65_536), fc.integer({ min: 1, max: 3000 })),
      // Undefined: where the copy before ended.
      base: fc.oneof(
        fc.constant(undefined),
        fc.constantFrom(0, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32),
        fc.nat(2 ** 45),
      ),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const target = 4 << 20;
  bytes.set(noise(1_500_000, 40), target);
  fc.assert(
    fc.property(lists, fc.integer({ min: 64, max: 3000 }), (list, room) => {
      const [matches, result] = [16_384, 49_152];
      const runs: Array<{ target: number; base: number; length: number }> = [];
      let at = target;
      let base = 0;
      for (const [one, match] of list.entries()) {
        at += match.gap;
        base = match.base ?? base;
        words.set([at, match.length], matches / 4 + 4 * one);
        offsets[matches / 8 + 2 * one + 1] = base;
        const last = runs.at(-1);
        if (last !== undefined && last.target + last.length === at && last.base + last.length === base)
          last.length += match.length;
        else runs.push({ target: at, base, length: match.length });
        at += match.length;
        base += match.length;
      }
      const wanted: Buffer[] = [];
      const head = new Uint8Array(32);
      const counts = { copies: 0, literals: 0, copyBytes: 0, literalBytes: 0 };
      for (const [one, run] of runs.entries()) {
        if (one > 0 && one + 1 < runs.length) {
          wanted.push(Buffer.from(head.subarray(0, putCopy(head, 0, run.base, run.length))));
          counts.copies += 1;
          counts.copyBytes += run.length;
        }
        const next = runs[one + 1]?.target ?? 0;
        const end = run.target + run.length;
        if (next <= end) continue;
        wanted.push(Buffer.from(head.subarray(0, putLiteralHead(head, 0, next - end))));
        wanted.push(Buffer.from(bytes.subarray(end, next)));
        counts.literals += 1;
        counts.literalBytes += next - end;
      }
      flushed = [];
      wasm.encodeMatches(matches, list.length, COMMANDS, room, result);
      assert.ok(flushed.every((part) => part.length > 0 && part.length <= room));
      assert.ok(Buffer.concat(flushed).equals(Buffer.concat(wanted)), 'the same bytes');
      const [first, last] = [runs[0]!, runs.at(-1)!];
      assert.equal(
        [...offsets.subarray(result / 8, result / 8 + 10)],
        [first, last].flatMap((run) => [run.target, run.length, run.base]).concat(Object.values(counts)),
      );
    }),
    { numRuns: 300 },
  );
});

test('a literal byte is estimated from its likes: dear when random, cheap when regular', () => {
  const costOf = (content: Uint8Array): number => {
    bytes.fill(0, 8192, 8192 + 1024);
    bytes.set(content, B);
    wasm.countBytes(8192, B, B + content.length);
    return wasm.literalCost(8192);
  };
  assert.is(costOf(noise(16_384, 3)), 16);
  assert.is(costOf(new Uint8Array(16_384)), 2);
  const text = costOf(Buffer.from('the quick brown fox jumps over the lazy dog, and goes its way. '.repeat(100)));
  assert.ok(text > 2 && text < 9, `${text}/16`);
});

test('says that the package was not built when a module is not there', async () => {
  assert.is((await failureOf(async () => await loadWasm('absent' as 'match'))).code, 'engine-missing');
});

test.run();
