import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fit, widthOf } from '../../src/text/width.ts';

const test = suite('text: width');

test('cells of a terminal, not characters', () => {
  assert.is(widthOf('build 1.0'), 9);
  assert.is(widthOf('\u30d3\u30eb\u30c9'), 6);
  assert.is(widthOf('e\u0301'), 1);
  assert.is(widthOf('\u{1f680}'), 2);
  assert.is(widthOf('\uff01'), 2);
});

test('what does not fit ends with the mark, and takes no more than there is', () => {
  assert.is(fit('abc', 3, '>'), 'abc');
  assert.is(fit('abcd', 3, '>'), 'ab>');
  assert.is(fit('\u30d3\u30eb\u30c9', 4, '>'), '\u30d3>');
  assert.is(fit('abcd', 0, '>'), '');
});

test.run();
