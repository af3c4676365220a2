import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closestName, suggestion } from '../../src/text/suggest.ts';

const test = suite('plan: suggest');

test('a near name is suggested, whatever its case', () => {
  assert.is(closestName('promted', ['lts', 'promoted']), 'promoted');
  assert.is(closestName('CMS', ['rsa', 'cms']), 'cms');
});

test('a far one is not', () => {
  assert.is(closestName('zstd', ['gzip', 'none']), undefined);
  // Of two that are as near, neither is guessed.
  assert.is(closestName('0.3.0', ['0.1.0', '0.2.0']), undefined);
  assert.is(closestName('x', []), undefined);
  assert.is(closestName('p'.repeat(1e6), ['promoted']), undefined);
});

test('else the known names are listed, not too many of them', () => {
  assert.is(suggestion('x', ['rdiff', 'ostree'], 'engines'), 'Known engines: rdiff, ostree.');
  assert.is(suggestion('x', [], 'tags'), 'There are no tags.');
  assert.match(
    suggestion(
      'x',
      Array.from({ length: 300 }, (_, index) => `version-${index}`),
      'versions',
    ),
    /version-19 and 280 more\.$/,
  );
});

test.run();
