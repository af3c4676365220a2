/** Patterns that can reach above their folder are known before they are used, whatever their spelling. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { glob } from 'tinyglobby';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canClimb } from '../../../src/plan/rules/climb.ts';
import { isRelativeName } from '../../../src/text/relative-name.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('plan: patterns that climb');

const CLIMBING = [
  '../x',
  'a/../../x',
  String.raw`\.\./\.\./x*`,
  String.raw`.\./x`,
  '[.][.]/x',
  '[.-.][!a]/x',
  '{..,a}/x',
  '{../x,a}',
  '{.,a}{.,b}/x',
  '.{.,a}/x',
  '@(..)/x',
  '+(.)/x',
  '?(.)?(.)/x',
  '!../x',
  './!',
  '/etc/passwd',
  '{/etc/passwd,a}',
  '@(/etc)/passwd',
  String.raw`a\\b`,
];
const STAYING = [
  '*.swu',
  '**/*.bmap',
  'image-*.manifest',
  '.hidden',
  '*.{swu,wic}',
  '{machine}-{version}.tar.gz',
  'a..b',
  'licenses/**',
  '[a-c]*.txt',
  String.raw`image\[1\].bin`,
  './x',
  '!notes.txt',
  '!(*.tmp)',
];

test('each spelling of a way out is known', () => {
  assert.equal(
    CLIMBING.filter((one) => !canClimb(one)),
    [],
  );
});

test('patterns that stay are left alone', () => {
  assert.equal(STAYING.filter(canClimb), []);
});

test('what no pattern is said to reach, none reaches', async () => {
  const top = scratch('climb');
  const deploy = join(top, 'a/b');
  mkdirSync(deploy, { recursive: true });
  for (const name of ['x', 'a/x', 'a/b/x', 'a/b/.x', 'a/b/xx']) writeFileSync(join(top, name), '');
  const piece = fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    'x',
    'a',
    '*',
    '**',
    '?',
    '[',
    ']',
    '{',
    '}',
    ',',
    '(',
    ')',
    '@',
    '+',
    '!',
    '|',
  );
  const pattern = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(pattern, async (one) => {
      fc.pre(!canClimb(one));
      const found = await glob([one], { cwd: deploy, onlyFiles: true, followSymbolicLinks: false });
      assert.equal(
        found.map((name) => normalize(name)).filter((name) => !isRelativeName(name)),
        [],
        one,
      );
    }),
    { numRuns: 2000 },
  );
});

test.run();
