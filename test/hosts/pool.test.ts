import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { takeTurns } from '../../src/core/turns.ts';
import { capacityOf } from '../../src/hosts/capacity.ts';
import { Idlers } from '../../src/hosts/idle.ts';
import { Pool, type PoolTask } from '../../src/hosts/pool.ts';

const test = suite('hosts: pool');

const task = (after: number[] = [], memoryBytes = 0): PoolTask => ({ after, memoryBytes: () => memoryBytes });
const tick = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test('so many at once as there are jobs, in order', () => {
  const pool = new Pool([task(), task(), task()], { jobs: 2, memoryBytes: Infinity });
  assert.equal(pool.due(), [0, 1]);
  assert.equal(pool.due(), []);
  pool.ended(1);
  assert.equal(pool.due(), [2]);
});

test('what waits for others is overtaken by what does not', () => {
  const pool = new Pool([task(), task([0]), task()], { jobs: 4, memoryBytes: Infinity });
  assert.equal(pool.due(), [0, 2]);
  pool.ended(2);
  assert.equal(pool.due(), []);
  pool.ended(0);
  assert.equal(pool.due(), [1]);
});

test('memory is shared out; one that waits for it is not overtaken, and one alone always runs', () => {
  const pool = new Pool([task([], 6), task([], 9), task([], 1), task([], 99)], { jobs: 4, memoryBytes: 10 });
  assert.equal(pool.due(), [0]);
  pool.ended(0);
  assert.equal(pool.due(), [1, 2]);
  pool.ended(1);
  assert.equal(pool.due(), []);
  pool.ended(2);
  assert.equal(pool.due(), [3]);
});

test('what is made elsewhere takes nothing, and begins also when there is no room', () => {
  const elsewhere = { ...task(), isElsewhere: true };
  const pool = new Pool([elsewhere, task(), task(), elsewhere, elsewhere], { jobs: 1, memoryBytes: Infinity });
  assert.equal(pool.due(), [0, 1, 3, 4]);
  pool.ended(3);
  assert.equal(pool.due(), []);
  pool.ended(1);
  assert.equal(pool.due(), [2]);
});

test('while tasks use no processor others begin, up to as many again; with a number of the user none does', async () => {
  const began = async (countsIdle: boolean): Promise<number> => {
    const idlers = new Idlers();
    const tasks = Array.from({ length: 9 }, () => task());
    const pool = new Pool(tasks, { jobs: 2, memoryBytes: Infinity, countsIdle }, idlers);
    let count = 0;
    const ends: Array<() => void> = [];
    const done = takeTurns(pool, async () => {
      count += 1;
      await idlers.idle(async () => await new Promise<void>((resolve) => ends.push(resolve)));
    });
    await tick();
    const atOnce = count;
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end();
      await tick();
    }
    await done;
    assert.equal([count, idlers.count], [9, 0]);
    return atOnce;
  };
  assert.is(await began(true), 4);
  assert.is(await began(false), 2);
});

test('one that waits is no reason to begin what memory has no room for', async () => {
  const idlers = new Idlers();
  const pool = new Pool([task([], 6), task([], 6)], { jobs: 1, memoryBytes: 10, countsIdle: true }, idlers);
  assert.equal(pool.due(), [0]);
  await idlers.idle(async () => assert.equal(pool.due(), []));
  pool.ended(0);
  assert.equal(pool.due(), [1]);
});

test('memory is asked for when a task could begin: before, its inputs may not be there', () => {
  let isArchived = false;
  const asked: boolean[] = [];
  const late = { after: [0], memoryBytes: () => Number(asked.push(isArchived)) };
  const pool = new Pool([task(), late], { jobs: 4, memoryBytes: 10 });
  pool.due();
  isArchived = true;
  pool.ended(0);
  assert.equal(pool.due(), [1]);
  assert.equal(asked, [true]);
});

test('a task that asks to run alone goes on when nothing else runs, and nothing begins before it has ended', async () => {
  const pool = new Pool([task(), task(), task()], { jobs: 2, memoryBytes: Infinity });
  pool.due();
  assert.ok(pool.wasAccompanied(0));
  const went: number[] = [];
  void pool.alone(0).then(() => went.push(0));
  void pool.alone(1).then(() => went.push(1));
  await tick();
  assert.equal(went, [0], 'of two that ask, one after the other');
  assert.not.ok(pool.wasAccompanied(0));
  assert.equal(pool.due(), []);
  pool.ended(0);
  await tick();
  assert.equal(went, [0, 1]);
  assert.equal(pool.due(), []);
  pool.ended(1);
  assert.equal(pool.due(), [2]);
});

test('whatever the order in which tasks end: each runs once, after those before it, and within the capacity', async () => {
  const graphs = fc.array(fc.record({ after: fc.array(fc.nat()), memoryBytes: fc.nat(8), rounds: fc.nat(3) }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 5 }), async (given, jobs) => {
      const tasks = given.map(({ after, memoryBytes }, at) =>
        task(at === 0 ? [] : [...new Set(after.map((one) => one % at))], memoryBytes),
      );
      const running = new Set<number>();
      const ended: number[] = [];
      await takeTurns(new Pool(tasks, { jobs, memoryBytes: 10 }), async (at) => {
        assert.ok(tasks[at]?.after.every((one) => ended.includes(one)));
        running.add(at);
        assert.ok(running.size <= jobs);
        const memory = [...running].reduce((sum, one) => sum + (tasks[one]?.memoryBytes() ?? 0), 0);
        assert.ok(running.size === 1 || memory <= 10);
        for (let round = 0; round < (given[at]?.rounds ?? 0); round += 1) await tick();
        running.delete(at);
        ended.push(at);
      });
      assert.equal(
        ended.toSorted((a, b) => a - b),
        [...tasks.keys()],
      );
    }),
    { numRuns: 60 },
  );
});

test('after a failure nothing begins, what runs is waited for, and the first failure is thrown', async () => {
  const ended: number[] = [];
  const turns = new Pool([task(), task(), task()], { jobs: 2, memoryBytes: Infinity });
  const failure = await takeTurns(turns, async (at) => {
    if (at === 0) throw new Error('first');
    await tick();
    ended.push(at);
    throw new Error('second');
  }).catch((error: unknown) => error);
  assert.equal(ended, [1]);
  assert.is((failure as Error).message, 'first');
});

test('a number that the user gives is taken as it is; otherwise processors and memory decide', () => {
  const machine = { cores: 8, freeBytes: 4_500_000_000 };
  assert.equal(capacityOf(3, machine), { jobs: 3, memoryBytes: Infinity });
  assert.equal(capacityOf(undefined, machine), { jobs: 8, countsIdle: true, memoryBytes: 4_000_000_000 });
  assert.equal(capacityOf(undefined, { cores: 1, freeBytes: 1 }), { jobs: 1, countsIdle: true, memoryBytes: 0 });
});

test.run();
