import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { waitOf, withExplicitWait } from '../../src/commands/wait.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';

const test = suite('commands: wait');

test('what follows --wait is its minutes only if it is a number', () => {
  for (const [argv, explicit] of [
    ['apply --wait plan.yml', 'apply --wait=60 plan.yml'],
    ['apply plan.yml --wait', 'apply plan.yml --wait=60'],
    ['apply --wait --json plan.yml', 'apply --wait=60 --json plan.yml'],
    ['apply --wait 10 plan.yml', 'apply --wait 10 plan.yml'],
    ['apply --wait 0.5 plan.yml', 'apply --wait 0.5 plan.yml'],
    ['apply --wait 2024.yml', 'apply --wait=60 2024.yml'],
    ['apply --wait=10 plan.yml', 'apply --wait=10 plan.yml'],
    ['apply -- --wait plan.yml', 'apply -- --wait plan.yml'],
  ] as const)
    assert.is(withExplicitWait(argv.split(' ')).join(' '), explicit);
});

test('the minutes in milliseconds', () => {
  assert.equal([waitOf(undefined), waitOf(true), waitOf('2'), waitOf('0.5')], [0, 3_600_000, 120_000, 30_000]);
  for (const wrong of ['soon', '-1', 'Infinity'])
    assert.throws(
      () => waitOf(wrong),
      (error: unknown) => error instanceof ReleasePlanError && error.code === 'usage',
    );
});

test.run();
