import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeltaParser, type DeltaPart } from '../../src/rdiff/delta-parser.ts';
import { putCopy, putEnd, putLiteralHead, putMagic } from '../../src/rdiff/encode.ts';
import { copy } from '../support/delta-bytes.ts';

const test = suite('rdiff/encode');

/** Around each place where a number needs more bytes, and anywhere; halved, since a copy must end within 2^53. */
const numbers = fc.oneof(
  fc.constantFrom(0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, 2 ** 52 - 1),
  fc.maxSafeNat().map((one) => Math.floor(one / 2)),
);
const lengths = numbers.map((one) => Math.max(1, one));

test('a copy is read as it was meant, and takes the narrowest form', () => {
  fc.assert(
    fc.property(numbers, lengths, (offset, length) => {
      const into = new Uint8Array(32);
      const end = putEnd(into, putCopy(into, putMagic(into, 0), offset, length));
      const [part] = new DeltaParser().parse(into.subarray(0, end)) as Iterable<DeltaPart>;
      assert.equal([part?.kind, part?.kind === 'copy' ? part.offset : -1, part?.lengthBytes], ['copy', offset, length]);
      const width = (one: number): number => [1, 2, 4, 8].find((bytes) => one < 2 ** (8 * bytes))!;
      assert.equal([...into.subarray(4, end - 1)], [...copy(offset, length, width(offset), width(length))]);
    }),
    { numRuns: 500 },
  );
});

test('a literal head has its length in the command byte up to 64, then in the narrowest form', () => {
  const headOf = (length: number): number[] => {
    const into = new Uint8Array(16);
    return [...into.subarray(0, putLiteralHead(into, 0, length))];
  };
  assert.equal(headOf(1), [1]);
  assert.equal(headOf(64), [64]);
  assert.equal(headOf(65), [0x41, 65]);
  assert.equal(headOf(255), [0x41, 255]);
  assert.equal(headOf(256), [0x42, 1, 0]);
  assert.equal(headOf(65_535), [0x42, 255, 255]);
  assert.equal(headOf(65_536), [0x43, 0, 1, 0, 0]);
  assert.equal(headOf(2 ** 32), [0x44, 0, 0, 0, 1, 0, 0, 0, 0]);
});

test.run();
