import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { severalAtOnce } from '../../src/io/several.ts';

const test = suite('io/several');

test('results come in the order of the list, whoever ends first, and no more run than may', async () => {
  let running = 0;
  let most = 0;
  const found = await severalAtOnce([5, 1, 4, 2, 3], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(item * 5);
    running -= 1;
    return item * 10;
  });
  assert.equal(found, [50, 10, 40, 20, 30]);
  assert.is(most, 3);
  assert.equal(await severalAtOnce([], 3, async () => 1), []);
});

test('a failure is thrown when what was begun has ended, and nothing more is begun', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const failed = await severalAtOnce([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('the first');
    await sleep(20);
    ended.push(item);
  }).catch((error: unknown) => error);
  assert.is((failed as Error).message, 'the first');
  assert.equal([begun, ended], [[1, 2], [2]]);
});

test.run();
