import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { compareBuild, satisfies, valid } from 'semver';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { schemaUrl } from '../../src/plan/schema/schema-file.ts';
import {
  compareVersions,
  isInRange,
  isVersion,
  parseRange,
  schemeOf,
  VERSION_PATTERN,
} from '../../src/plan/version.ts';

const test = suite('plan: version');

const number = fc.nat(30);
const identifier = fc.constantFrom('alpha', 'beta', 'rc', '0', '1', '10', 'x-y', '0a');
const semanticVersion = fc
  .record({
    numbers: fc.tuple(number, number, number),
    prerelease: fc.array(identifier, { maxLength: 3 }),
    build: fc.array(identifier, { maxLength: 2 }),
  })
  .map(
    ({ numbers, prerelease, build }) =>
      `${numbers.join('.')}${prerelease.length > 0 ? `-${prerelease.join('.')}` : ''}${build.length > 0 ? `+${build.join('.')}` : ''}`,
  );
const dottedVersion = fc
  .array(fc.oneof(number.map(String), fc.constantFrom('04', '007')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'));

test('semantic versions are ordered by their precedence, then by their build metadata', () => {
  fc.assert(
    fc.property(semanticVersion, semanticVersion, (a, b) => {
      assert.ok(isVersion(a) && valid(a) !== null);
      assert.is(Math.sign(compareVersions(a, b)), compareBuild(a, b));
    }),
    { numRuns: 2000 },
  );
});

test('the order is one: it can be reversed and chained', () => {
  const version = fc.oneof(semanticVersion, dottedVersion.filter(isVersion));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.is(Math.sign(compareVersions(a, b)), 0 - Math.sign(compareVersions(b, a)));
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
    { numRuns: 2000 },
  );
});

test('numbers count by value, however long', () => {
  assert.ok(compareVersions('9', '10') < 0);
  assert.ok(compareVersions('2024.9', '2024.10') < 0);
  assert.is(compareVersions('2024.04', '2024.4'), 0);
  assert.ok(compareVersions('20241121093000123456', '20241121093000123457') < 0);
  assert.ok(compareVersions('1.2.3', '1.2.3.1') < 0);
});

test('only what is safe in BitBake, paths and kas chains is a version', () => {
  for (const good of ['0', '9', '1.10', '2024.04', '1.2.3.4', '1.2.3', '1.2.3-rc.1', '1.2.3+build.5', '1.2.3-rc.1+5'])
    assert.ok(isVersion(good), good);
  for (const bad of [
    '',
    '01',
    'v1.2.3',
    '1.',
    '.1',
    '1..2',
    '1.2.3.4.5',
    '1.2-rc',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3+',
    '..',
    '1/2',
    '1:2',
    '1 2',
    '1.2.3\n',
    '${@1+1}',
    '1"',
    "1'",
    '1\\',
    '-1',
    '1.2.3_4',
    '\u0661',
    '1'.repeat(65),
  ])
    assert.not.ok(isVersion(bad), bad);
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), (text) => {
      if (isVersion(text)) assert.match(text, /^[0-9A-Za-z][0-9A-Za-z.+-]*$/);
    }),
    { numRuns: 5000 },
  );
});

test('the schema holds the same pattern', () => {
  const schema = JSON.parse(readFileSync(schemaUrl, 'utf8')) as { $defs: { version: { pattern: string } } };
  assert.is(new RegExp(schema.$defs.version.pattern).source, VERSION_PATTERN.source);
});

test('ranges are those of npm', () => {
  const range = fc.oneof(
    fc.constantFrom(
      '*',
      '',
      '>=0.1.0 <0.2.0',
      '^1.2',
      '~3.4',
      '1.x || 3.x',
      '>5',
      '<=10.0.0',
      '1 - 5',
      '>=1.0.0-rc.1',
      '=2.0.0',
    ),
    fc.tuple(fc.constantFrom('>', '>=', '<', '<=', '^', '~', ''), semanticVersion).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(semanticVersion, range, (version, range) => {
      assert.is(isInRange(version, parseRange(range)), satisfies(version, range), `${version} in ${range}`);
    }),
    { numRuns: 3000 },
  );
});

test('ranges hold integers and dotted numbers, too', () => {
  assert.ok(isInRange('7', parseRange('>=5 <9')));
  assert.not.ok(isInRange('9', parseRange('>=5 <9')));
  assert.ok(isInRange('2024.04', parseRange('<2024.10')));
  assert.ok(isInRange('1.2.3.4', parseRange('>1.2.3 <1.3')));
});

test('what is no version is refused by name', () => {
  assert.throws(
    () => compareVersions('1.0.0', 'newest'),
    (error: unknown) => error instanceof ReleasePlanError && error.code === 'version-invalid',
  );
});

test('a scheme is integer or dotted', () => {
  assert.equal(['9', '1.0', '1.2.3-rc.1'].map(schemeOf), ['integer', 'dotted', 'dotted']);
});

test('what follows the plus orders as prereleases do, and counts for no range', () => {
  const ordered = [
    '1.2.1-rc.1',
    '1.2.1',
    '1.2.1+26.03',
    '1.2.1+26.06',
    '1.2.1+26.06.1',
    '1.2.1+26.10',
    '1.2.1+a',
    '1.2.2',
  ];
  for (const [index, a] of ordered.entries())
    for (const [other, b] of ordered.entries())
      assert.is(Math.sign(compareVersions(a, b)), Math.sign(index - other), `${a} ${b}`);
  assert.is(compareVersions('1.2.1+26.3', '1.2.1+26.03'), 0);
  for (const one of ['1.2.1', '1.2.1+26.06']) assert.ok(isInRange(one, parseRange('<=1.2.1')), one);
  assert.not(isInRange('1.2.1+26.06', parseRange('>1.2.1')));
});

test.run();
