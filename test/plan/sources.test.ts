import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeltaSources, PlannedVersion } from '../../src/core/plan.ts';
import { sourceSelector } from '../../src/plan/sources.ts';
import { compareVersions } from '../../src/plan/version.ts';

const test = suite('plan: sources');

const version = (version: string, ...tags: string[]): PlannedVersion => ({ version, tags, kas: [] });
// Not in their order, as people add them.
const versions = [
  version('0.10.0', 'promoted'),
  version('0.2.0', 'promoted'),
  version('0.9.0'),
  version('0.1.0', 'promoted'),
  version('0.11.0', 'promoted'),
];
const select = (to: string, from: DeltaSources): string[] => sourceSelector(versions)({ to, from });

test('a tag selects what has it and is older, oldest first', () => {
  assert.equal(select('0.10.0', { kind: 'tag', tag: 'promoted' }), ['0.1.0', '0.2.0']);
  assert.equal(select('0.11.0', { kind: 'tag', tag: 'lts' }), []);
});

test('previous counts down by order, not by place', () => {
  assert.equal(select('0.10.0', { kind: 'previous', count: 2 }), ['0.2.0', '0.9.0']);
  assert.equal(select('0.2.0', { kind: 'previous', count: 5 }), ['0.1.0']);
});

test('a range selects what is in it and older', () => {
  assert.equal(select('0.10.0', { kind: 'range', range: '>=0.2.0' }), ['0.2.0', '0.9.0']);
});

test('a list is taken at its word, once each, in order', () => {
  assert.equal(select('0.10.0', { kind: 'list', versions: ['0.9.0', '0.0.1', '0.9.0'] }), ['0.0.1', '0.9.0']);
});

test('the older ones of versions in any order, with equally new ones among them, are those that compare as older', () => {
  const some = fc.array(fc.constantFrom('0.1.0', '0.2.0', '0.2.0-rc.1', '0.2.0+b', '0.02', '0.10', '1.0.0', '10'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(some, fc.constantFrom('0.2.0', '0.2', '0.3.0', '1.0.0-rc.1', '0', '99'), (names, to) => {
      const tagged = names.map((name) => version(name, 'promoted'));
      const older = names.filter((name) => compareVersions(name, to) < 0).sort(compareVersions);
      assert.equal(sourceSelector(tagged)({ to, from: { kind: 'tag', tag: 'promoted' } }), [...new Set(older)]);
    }),
    { numRuns: 1000 },
  );
});

test.run();
