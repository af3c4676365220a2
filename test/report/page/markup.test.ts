import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { html } from '../../../src/report/page/markup.ts';
import { grouped, medianOf, savedOf, sizeOf } from '../../../src/report/page/words.ts';

const test = suite('report: markup');

test('a value is text wherever it stands, and a template within a template is not', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'`/= a\u202e\u0000\n') }), (text) => {
      const out = html`<p title="${text}">${[text, html`<b>${text}</b>`]}</p>`.text;
      assert.is(out.match(/</g)?.length, 4);
      assert.is(out.match(/"/g)?.length, 2);
      for (const bad of ['\u0000', '\u202e', "'"]) assert.not(out.includes(bad));
    }),
  );
});

test('line breaks of a template are no part of the page, those of a value are', () => {
  assert.is(html`<i> ${'a\nb'} </i>`.text, '<i> a&#10;b </i>');
});

test('figures are written as people read them', () => {
  assert.equal([grouped(0), grouped(999), grouped(1000), grouped(1234567)], ['0', '999', '1,000', '1,234,567']);
  assert.equal([medianOf([]), medianOf([3]), medianOf([9, 1]), medianOf([5, 1, 2])], [0, 3, 5, 2]);
  assert.equal([savedOf(1, 4), savedOf(5, 4), savedOf(0, 0)], ['75.0 %', '0.0 %', '-']);
  assert.match(sizeOf(1536).text, '1.50 <span class="unit">KiB</span>');
});

test.run();
