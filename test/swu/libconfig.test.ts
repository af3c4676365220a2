import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { isSettingName, parseLibconfig, quoteString } from '../../src/swu/libconfig.ts';

const test = suite('swu/libconfig');

test('a quoted string reads back as it was, and never ends early', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(parseLibconfig(`a = ${quoteString(text)}; b = 1;`), { a: text, b: 1 });
    }),
  );
  assert.is(quoteString('a"b\\c\n\u0001'), String.raw`"a\"b\\c\n\x01"`);
});

test('groups, lists, arrays, both signs of assignment, and separators left out', () => {
  const source = `
    # a comment
    software = { // another
      version: "1" ".2";   /* joined, "as" in C */
      board = { hw : [ "1.0", "#RE:^1" ] }
      images: ( { filename = "a" }, { filename = "b"; size = 0x10L, }, )
      flags = { yes = TRUE; no = false; ratio = -1.5e2; big = 9223372036854775807L; octalLike = 010 }
    };`;
  assert.equal(parseLibconfig(source), {
    software: {
      version: '1.2',
      board: { hw: ['1.0', '#RE:^1'] },
      images: [{ filename: 'a' }, { filename: 'b', size: 16 }],
      flags: { yes: true, no: false, ratio: -150, big: 9223372036854775807n, octalLike: 10 },
    },
  });
});

test('a malformed file is refused with its line', () => {
  const cases: Array<[string, RegExp]> = [
    ['a = "open;', /line 1: unexpected "\\""/],
    ['a = 1;\nb = ;', /line 2: unexpected ;/],
    ['a = { b = 1;', /line 1: unexpected the end/],
    ['a = ( 1, 2;', /unexpected ;/],
    ['a = 1; /* open\n', /line 1: unexpected "\/"/],
    ['a = 1;\n\na = 2;', /line 3: a is set twice/],
    ['1a = 2;', /line 1/],
    ['a = maybe;', /unexpected maybe/],
    [`a = ${'('.repeat(100)}`, /nested too deeply/],
  ];
  for (const [source, expected] of cases) {
    try {
      parseLibconfig(source);
      assert.unreachable(source);
    } catch (error) {
      assert.instance(error, ReleasePlanError, source);
      assert.is((error as ReleasePlanError).code, 'swu-template');
      assert.match((error as ReleasePlanError).message, expected);
    }
  }
});

test('no text makes the reader hang or fail in another way', () => {
  const piece = fc.constantFrom(
    'a',
    '=',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ';',
    ',',
    '"',
    '"x"',
    '1',
    '0x',
    '/*',
    '*/',
    '#',
    '\n',
    ' ',
    'true',
    '\\',
    '-',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        parseLibconfig(pieces.join(''));
      } catch (error) {
        assert.instance(error, ReleasePlanError);
      }
    }),
    { numRuns: 500 },
  );
});

test('names of settings', () => {
  for (const name of ['tolomeo-qemux86-64', 'a_b', '*']) assert.ok(isSettingName(name), name);
  for (const name of ['', '1a', 'a.b', 'a b', '-a', 'a"', 'ä']) assert.not(isSettingName(name), name);
});

test.run();
