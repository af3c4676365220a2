import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { isHeld, takeLock, withLock } from '../../src/io/lock.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/lock');
const lockModule = fileURLToPath(new URL('../../src/io/lock.ts', import.meta.url));

test('a held lock names its holder to the next', async () => {
  const path = join(scratch('lock'), 'sub', '.lock');
  const lock = await takeLock(path, 'apply plan.yml');
  try {
    await takeLock(path, 'another');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ReleasePlanError);
    assert.is((error as ReleasePlanError).code, 'locked');
    assert.match((error as Error).message, `apply plan.yml (pid ${process.pid}, since `);
  }
  await lock.release();
  await (await takeLock(path, 'another')).release();
});

test('a holder that has not written who it is may be one that was killed: it is given some seconds to end', async () => {
  const path = join(scratch('lock'), '.lock');
  const nameless = spawn('flock', [path, 'sleep', '1'], { stdio: 'ignore' });
  while (!(await isHeld(path))) await new Promise((resolve) => setTimeout(resolve, 10));
  await (await takeLock(path, 'heir')).release();
  assert.is(nameless.exitCode, 0);
});

test('waiting gets the lock when it is released', async () => {
  const path = join(scratch('lock'), '.lock');
  const first = await takeLock(path, 'first');
  const order: string[] = [];
  const second = withLock(path, 'second', { waitMs: 20_000 }, async () => void order.push('second'));
  order.push('first done');
  await first.release();
  await second;
  assert.equal(order, ['first done', 'second']);
});

test('waiting ends when its time is over, or when it is interrupted', async () => {
  const path = join(scratch('lock'), '.lock');
  const first = await takeLock(path, 'first');
  await takeLock(path, 'second', { waitMs: 50 }).then(
    () => assert.unreachable(),
    (error: ReleasePlanError) => assert.is(error.code, 'locked'),
  );
  const stop = new AbortController();
  const waiting = takeLock(path, 'third', { waitMs: 60_000, signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await waiting.then(
    () => assert.unreachable(),
    (error: ReleasePlanError) => assert.is(error.code, 'interrupted'),
  );
  await first.release();
});

test('a holder that is killed with SIGKILL holds nothing any more', async () => {
  const path = join(scratch('lock'), '.lock');
  const script =
    `import { takeLock } from ${JSON.stringify(lockModule)}; await takeLock(${JSON.stringify(path)}, ` +
    `'doomed'); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await takeLock(path, 'too early').then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, `doomed (pid ${child.pid}`),
  );
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const lock = await takeLock(path, 'heir', { waitMs: 20_000 });
  assert.match(readFileSync(path, 'utf8'), 'heir');
  await lock.release();
});

test.run();
