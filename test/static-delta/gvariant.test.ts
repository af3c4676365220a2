/** GVariant by itself; that the layout is GLib's is shown on files that ostree wrote (superblock.test.ts). */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import {
  children,
  container,
  isNormal,
  openVariant,
  readString,
  stringBytes,
  variant,
} from '../../src/static-delta/gvariant.ts';

const test = suite('static-delta/gvariant');

const corrupt = (work: () => unknown): void => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ReleasePlanError, String(error));
    assert.is(error.code, 'static-delta-corrupt');
    return;
  }
  assert.unreachable('it was read');
};

test('layouts of the specification', () => {
  // "GVariant Specification", the examples of section 2.5.
  assert.equal(
    container('(si)', [stringBytes('foo'), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    Buffer.from([0x66, 0x6f, 0x6f, 0, 0xff, 0xff, 0xff, 0xff, 4]),
  );
  const words = ['i', 'can', 'has', 'strings?'].map(stringBytes);
  assert.equal(container('as', words), Buffer.concat([...words, Buffer.from([2, 6, 10, 19])]));
  assert.equal(
    container('((ys)as)', [
      container('(ys)', [Buffer.from('i'), stringBytes('can')]),
      container('as', ['has', 'strings?'].map(stringBytes)),
    ]),
    Buffer.concat([Buffer.from('ican\0has\0strings?\0'), Buffer.from([4, 13, 5])]),
  );
  assert.equal(container('(yy)', [Buffer.from([0x70]), Buffer.from([0x80])]), Buffer.from([0x70, 0x80]));
  assert.equal(variant({ type: 's', value: stringBytes('hello') }), Buffer.from('hello\0\0s'));
});

const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((one) => Buffer.from(one));
const fixed = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((one) => Buffer.from(one));
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((one) => stringBytes(one.replaceAll('\0', '')));

test('what is put together comes apart again, and is normal', () => {
  const entry = fc.tuple(text, bytes(400), fixed(8), bytes(40), fixed(4));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const whole = container(
        'a(saytayu)',
        entries.map((fields) => container('(saytayu)', fields)),
      );
      const back = children('a(saytayu)', whole).map((one) => children('(saytayu)', one));
      assert.equal(back, entries);
      assert.ok(isNormal('a(saytayu)', whole));
    }),
    { numRuns: 200 },
  );
});

test('containers of more than 64 KiB have wider offsets', () => {
  const strings = Array.from({ length: 3 }, (_, index) => stringBytes('x'.repeat(40_000 + index)));
  const whole = container('as', strings);
  assert.is(whole.length, strings.reduce((sum, one) => sum + one.length, 0) + 3 * 4);
  assert.equal(children('as', whole), strings);
});

test('framing, padding and ends that nobody writes are seen', () => {
  corrupt(() => children('as', Buffer.from([0x61, 0, 9])));
  corrupt(() => children('(us)', Buffer.alloc(3)));
  corrupt(() => children('(uuu)', Buffer.alloc(13)));
  corrupt(() => children('a(uuu)', Buffer.alloc(13)));
  corrupt(() => children('u', Buffer.alloc(4)));
  corrupt(() => children('a(', Buffer.alloc(4)));
  corrupt(() => children('a{sv}z', Buffer.alloc(4)));
  corrupt(() => children(`${'a'.repeat(100)}y`, Buffer.alloc(4)));
  corrupt(() => openVariant(Buffer.from('nothing')));
  corrupt(() => readString(Buffer.from('no end')));
  corrupt(() => readString(Buffer.from('two\0ends\0')));
  const padded = container('(yt)', [Buffer.from([1]), Buffer.alloc(8)]);
  assert.ok(isNormal('(yt)', padded));
  padded[3] = 1;
  assert.not(isNormal('(yt)', padded));
});

test('one flipped bit of a container is seen, unless it is in a number or in bytes', () => {
  const whole = container('(asv)', [
    container('as', ['one', 'two'].map(stringBytes)),
    variant({ type: 'as', value: container('as', [stringBytes('x')]) }),
  ]);
  assert.ok(isNormal('(asv)', whole));
  let unseen = 0;
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const altered = Buffer.from(whole);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (isNormal('(asv)', altered)) unseen += 1;
  }
  // The letters of three words, of which the flips to NUL and out of UTF-8 are seen; and `as` may become `ao` or `ag`.
  assert.ok(unseen <= 7 * 8 + 4, `${unseen} unseen`);
});

test.run();
