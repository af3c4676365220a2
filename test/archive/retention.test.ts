import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decideRetention, type RetentionFacts } from '../../src/archive/retention.ts';
import { PairMap, pairSet, pairText } from '../../src/core/pair.ts';
import type { RetentionSettings } from '../../src/core/plan.ts';
import { compareVersions } from '../../src/plan/version.ts';

const test = suite('archive/retention');

const rule = (changes: Partial<RetentionSettings> = {}): RetentionSettings => ({
  keepLast: 2,
  keepTagged: true,
  keepUnrequiredDeltas: true,
  trashMs: 0,
  keepRuns: 90,
  ...changes,
});

const facts = (changes: Partial<RetentionFacts> = {}): RetentionFacts => ({
  versions: ['0.1.0', '0.2.0', '0.10.0', '0.9.0'],
  pairs: [
    { from: '0.1.0', to: '0.2.0' },
    { from: '0.1.0', to: '0.10.0' },
    { from: '0.9.0', to: '0.10.0' },
  ],
  needed: new Map(),
  requiredPairs: new PairMap(),
  tagged: new Set(),
  compareVersions,
  ...changes,
});

const removed = (given: RetentionSettings | undefined, of: RetentionFacts): string[] =>
  decideRetention(given, of)
    .filter((one) => one.verdict === 'remove')
    .map(({ of: { from, to } }) => (from === undefined ? to : pairText({ from, to })));

test('without a rule everything stays', () => {
  assert.equal(removed(undefined, facts()), []);
});

test('the newest stay by their order as versions, and updates go with either side', () => {
  assert.equal(removed(rule(), facts()), ['0.1.0', '0.2.0', '0.1.0 -> 0.10.0']);
});

test('what is bound or tagged stays; a tag counts only where the rule says so', () => {
  assert.equal(
    removed(rule(), facts({ needed: new Map([['0.1.0', '1 device runs it']]), tagged: new Set(['0.2.0']) })),
    [],
  );
  assert.equal(removed(rule({ keepTagged: false }), facts({ tagged: new Set(['0.1.0', '0.2.0']) })), [
    '0.1.0',
    '0.2.0',
    '0.1.0 -> 0.10.0',
  ]);
});

test('deltas that nothing requires go only where the rule says so; required ones never', () => {
  const all = facts({
    needed: new Map([
      ['0.1.0', 'x'],
      ['0.2.0', 'x'],
    ]),
    requiredPairs: pairSet([{ from: '0.1.0', to: '0.10.0' }]),
  });
  assert.equal(removed(rule(), all), []);
  assert.equal(removed(rule({ keepUnrequiredDeltas: false }), all), ['0.1.0 -> 0.2.0', '0.9.0 -> 0.10.0']);
});

test('no rule removes what is bound, a required delta, or one of the newest; each thing has one verdict', () => {
  const names = ['0.1.0', '0.2.0', '0.3.0', '0.4.0', '0.10.0'];
  const pairs = names.flatMap((from) =>
    names.filter((to) => compareVersions(from, to) < 0).map((to) => ({ from, to })),
  );
  const subset = fc.subarray(names);
  fc.assert(
    fc.property(
      fc.record({
        keepLast: fc.integer({ min: 1, max: 6 }),
        keepTagged: fc.boolean(),
        keepUnrequiredDeltas: fc.boolean(),
        trashMs: fc.constant(0),
        keepRuns: fc.constant(90),
      }),
      subset,
      subset,
      fc.subarray(pairs),
      fc.subarray(pairs),
      (given, bound, tagged, archived, required) => {
        const ends = required.flatMap(({ from, to }) => [from, to]);
        const of = facts({
          versions: names,
          pairs: archived,
          needed: new Map([...bound, ...ends].map((one) => [one, 'x'])),
          tagged: new Set(tagged),
          requiredPairs: pairSet(required),
        });
        const gone = removed(given, of);
        for (const kept of [
          ...bound,
          ...ends,
          ...of.requiredPairs.keys().map(pairText),
          ...names.slice(-given.keepLast),
          ...(given.keepTagged ? tagged : []),
        ])
          assert.not.ok(gone.includes(kept), kept);
        assert.is(new Set(gone).size, gone.length);
        // Nothing is named twice: an update into a version that goes, goes with its folder.
        for (const { from, to } of archived)
          if (gone.includes(to)) assert.not.ok(gone.includes(pairText({ from, to })));
      },
    ),
  );
});

test.run();
