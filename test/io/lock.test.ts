import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { isHeld, takeLock, withLock } from '../../src/io/lock.ts';
import { failureOf } from '../support/failure.ts';
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
  while (!(await isHeld(path))) {
    assert.is(nameless.exitCode, null, 'it ended before it was seen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
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

test('a link in the place of a lock file is refused, and what it leads to is left as it is', async () => {
  const dir = scratch('lock');
  writeFileSync(join(dir, 'precious'), 'untouched');
  symlinkSync('precious', join(dir, 'link'));
  symlinkSync('nowhere', join(dir, 'dangling'));
  mkdirSync(join(dir, 'folder'));
  for (const name of ['link', 'dangling', 'folder'])
    assert.is((await failureOf(() => takeLock(join(dir, name), 'x'))).code, 'lock-refused');
  assert.is(readFileSync(join(dir, 'precious'), 'utf8'), 'untouched');
  assert.is(existsSync(join(dir, 'nowhere')), false);
});

test('no child of the holder can free its lock by dying: there is none', async () => {
  const path = join(scratch('lock'), '.lock');
  const lock = await takeLock(path, 'holder');
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  for (const pid of children.split(' ').filter((one) => one !== '')) {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    assert.not.match(command, 'flock');
    assert.not.match(command, 'cat');
  }
  assert.is((await failureOf(() => takeLock(path, 'another'))).code, 'locked');
  await lock.release();
});

test('a program that the holder runs does not hold the lock on', async () => {
  const path = join(scratch('lock'), '.lock');
  const lock = await takeLock(path, 'holder');
  const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
  await lock.release();
  await (await takeLock(path, 'heir')).release();
  child.kill('SIGKILL');
});

test('a lock file that is removed or replaced while somebody waits for it gives the lock to one alone', async () => {
  const path = join(scratch('lock'), '.lock');
  const first = await takeLock(path, 'first');
  const second = takeLock(path, 'second', { waitMs: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  rmSync(path);
  const third = await takeLock(path, 'third');
  await first.release();
  const early = await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))]);
  assert.is(early, 'waits');
  await third.release();
  await (await second).release();
});

test.run();
