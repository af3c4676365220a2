import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runShell } from '../../src/io/shell.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io: shell');

const run = async (command: string, changes: Partial<Parameters<typeof runShell>[1]> = {}) =>
  await runShell(command, {
    cwd: scratch('shell'),
    env: { PATH: process.env.PATH },
    input: '',
    timeoutMs: 60_000,
    ...changes,
  });

test('the outcome says how it ended, with the end of its words', async () => {
  assert.equal(await run('exit 0'), { isOk: true, how: 'exit code 0', words: '' });
  assert.equal(await run('echo no >&2; exit 3'), { isOk: false, how: 'exit code 3', words: 'no' });
  assert.equal(await run('kill -9 $$'), { isOk: false, how: 'SIGKILL', words: '' });
  const { words } = await run('i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1');
  assert.ok(words.endsWith('line 1999') && words.length <= 2048);
});

test('a folder that is not there is an outcome', async () => {
  assert.not((await run('true', { cwd: '/nowhere/at/all' })).isOk);
});

test('what takes too long is killed, with all that it started', async () => {
  const cwd = scratch('shell-late');
  const outcome = await run('(sleep 2; touch late) & sleep 60', { cwd, timeoutMs: 200 });
  assert.equal(outcome, { isOk: false, how: 'not finished within 0.2 s', words: '' });
  await delay(2500);
  assert.not(existsSync(join(cwd, 'late')));
});

test('a stop ends it', async () => {
  const stop = new AbortController();
  const ended = run('sleep 60', { signal: stop.signal });
  stop.abort();
  assert.is((await ended).how, 'SIGTERM');
});

test.run();
