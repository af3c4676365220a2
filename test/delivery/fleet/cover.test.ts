import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { coverRequired } from '../../../src/delivery/fleet/cover.ts';
import type { DeviceWay, RequiredDeltas, RequiredPair } from '../../../src/delivery/fleet/required.ts';

const test = suite('fleet/cover');

/** Bases with so many devices each, and devices that no delta can serve. */
function answerOf(devices: readonly number[], without = 0): RequiredDeltas {
  const pairs = devices.map((count, index): RequiredPair => ({
    from: { versions: [`0.${index}.0`] },
    to: { versions: ['1.0.0'] },
    hardwareIds: ['board'],
    devices: count,
    examples: [],
  }));
  const group = (count: number): DeviceWay['group'] => ({
    tag: 'promoted',
    devices: count,
    examples: [],
    isOrphan: false,
  });
  const ways: DeviceWay[] = pairs.map((pair) => ({ group: group(pair.devices), way: { kind: 'delta', pair } }));
  const orphan = { kind: 'full-image', reason: 'orphan', detail: 'unknown software' } as const;
  if (without > 0) ways.push({ group: group(without), way: orphan });
  ways.push({ group: group(1000), way: { kind: 'there' } });
  return { to: '1.0.0', pairs, ways, impossible: [] };
}

const basesOf = ({ pairs }: RequiredDeltas): string[] => pairs.map(({ from }) => from.versions[0] ?? '');

test('the bases with most devices, until the share is reached', () => {
  const answer = answerOf([5, 60, 1, 30, 4]);
  assert.equal(basesOf(coverRequired(answer, { share: 0.9 })), ['0.1.0', '0.3.0']);
  assert.equal(basesOf(coverRequired(answer, { share: 0.91 })), ['0.0.0', '0.1.0', '0.3.0']);
  assert.equal(basesOf(coverRequired(answer, { share: 1 })), basesOf(answer));
  assert.equal(basesOf(coverRequired(answer, { share: 1, max: 1 })), ['0.1.0']);
  assert.equal(basesOf(coverRequired(answer, { share: 0 })), []);
});

test('the others take the full package, and the reason says what is covered', () => {
  const { ways } = coverRequired(answerOf([60, 30], 10), { share: 0.5 });
  assert.equal(
    ways.map(({ way }) => (way.kind === 'full-image' ? way.reason : way.kind)),
    ['delta', 'cover', 'orphan', 'there'],
  );
  const [, left] = ways;
  assert.is(
    left?.way.kind === 'full-image' ? left.way.detail : '',
    'left out by cover: 1 delta for 60 of 100 devices (60.0 %)',
  );
});

test('devices that no delta can serve count as not covered', () => {
  assert.equal(basesOf(coverRequired(answerOf([60, 30, 10], 900), { share: 0.09 })), ['0.0.0', '0.1.0']);
  assert.is(coverRequired(answerOf([60, 30, 10], 900), { share: 0.5 }).pairs.length, 3, 'as near as it gets');
});

test('no fewer deltas would do: compared with every choice', () => {
  const devices = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(devices, fc.integer({ min: 1, max: 100 }), (counts, percent) => {
      const total = counts.reduce((sum, one) => sum + one, 0);
      const chosen = coverRequired(answerOf(counts), { share: percent / 100 }).pairs;
      assert.ok(chosen.reduce((sum, one) => sum + one.devices, 0) >= (percent / 100) * total);
      for (let choice = 0; choice < 2 ** counts.length; choice += 1) {
        const of = counts.filter((_, at) => (choice >> at) & 1);
        if (of.reduce((sum, one) => sum + one, 0) >= (percent / 100) * total) assert.ok(of.length >= chosen.length);
      }
    }),
    { numRuns: 60 },
  );
});

test.run();
