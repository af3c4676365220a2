import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../src/io/process.ts';
import { failureOf } from '../support/failure.ts';

const test = suite('io/process');

test('a program that does not end is stopped, and named with its time', async () => {
  const failure = await failureOf(() => run('sleep', ['600'], { timeoutMs: 100 }));
  assert.is(failure.code, 'tool-stalled');
  assert.match(failure.message, 'sleep did not finish within');
});

test('one that ends in time is not', async () => {
  assert.is((await run('echo', ['here'], { timeoutMs: 60_000 })).stdout, 'here');
});

test.run();
