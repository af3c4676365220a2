import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../src/io/process.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/process');

test('a program that does not end is stopped, and named with its time', async () => {
  const failure = await failureOf(() => run('sleep', ['600'], { timeoutMs: 100 }));
  assert.is(failure.code, 'tool-stalled');
  assert.match(failure.message, 'sleep did not finish within');
});

test('one that ends in time is not', async () => {
  assert.is((await run('echo', ['here'], { timeoutMs: 60_000 })).stdout, 'here');
});

test('one that has ended keeps nobody waiting for what it left running, which ends', async () => {
  const { stdout } = await run('sh', ['-c', 'sleep 600 & echo $!']);
  assert.ok(await ends(Number(stdout)));
});

test('nor does one that is stopped, with what it started', async () => {
  const pidFile = join(scratch('process'), 'pid');
  const script = 'sleep 600 & echo $! > "$1"; wait';
  const failure = await failureOf(() => run('sh', ['-c', script, 'sh', pidFile], { timeoutMs: 1000 }));
  assert.is(failure.code, 'tool-stalled');
  assert.ok(await ends(Number(readFileSync(pidFile, 'utf8'))));
});

/** Whether a process that got a signal ends: a loaded machine takes a moment to do it. */
async function ends(pid: number): Promise<boolean> {
  for (const endMs = Date.now() + 10_000; isRunning(pid); await sleep(10)) if (Date.now() > endMs) return false;
  return true;
}

/** A process that has ended may wait for its parent to ask how. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test.run();
