import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../src/io/process.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/children');

const SOURCE = new URL('../../src/io/process.ts', import.meta.url).href;

/** Whether a process is there and has not ended. */
function isAlive(pid: number): boolean {
  const stat = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return stat !== '' && !stat.startsWith('Z');
}

/** The kernel takes a moment to end what was killed. */
async function endsSoon(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await sleep(50);
  return !isAlive(pid);
}

async function pidIn(file: string): Promise<number> {
  for (let tries = 0; tries < 200 && !existsSync(file); tries += 1) await sleep(50);
  return Number(readFileSync(file, 'utf8'));
}

/** A shell that starts another one, which writes its pid and takes no notice of SIGTERM. */
const forks = (file: string, then: string): string =>
  `sh -c 'trap "" TERM; echo $$ > ${file}.new; mv ${file}.new ${file}; while :; do sleep 1; done' & ${then}`;

test('a program whose time is over ends with all that it started, whatever that makes of SIGTERM', async () => {
  const file = join(scratch('children-late'), 'pid');
  const failure = await failureOf(() => run('sh', ['-c', forks(file, 'wait')], { timeoutMs: 1500 }));
  assert.is(failure.code, 'tool-stalled');
  assert.ok(await endsSoon(await pidIn(file)));
});

test('so does one that is interrupted', async () => {
  const file = join(scratch('children-stop'), 'pid');
  const stop = new AbortController();
  const failed = failureOf(() => run('sh', ['-c', forks(file, 'wait')], { signal: stop.signal }));
  const pid = await pidIn(file);
  stop.abort();
  assert.is((await failed).code, 'interrupted');
  assert.ok(await endsSoon(pid));
});

test('one that ends by itself leaves nothing that it started, and nobody waits for that', async () => {
  const file = join(scratch('children-end'), 'pid');
  const { stdout } = await run('sh', ['-c', forks(file, `while [ ! -e ${file} ]; do sleep 0.1; done; echo done`)], {
    timeoutMs: 60_000,
  });
  assert.is(stdout, 'done');
  assert.ok(await endsSoon(await pidIn(file)));
});

test('one that left the group and holds the pipes keeps nobody waiting who stops it', async () => {
  const file = join(scratch('children-session'), 'pid');
  const escaped = `setsid sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 30' & sleep 600`;
  const stop = new AbortController();
  const failed = failureOf(() => run('sh', ['-c', escaped], { signal: stop.signal }));
  const pid = await pidIn(file);
  stop.abort();
  assert.is((await failed).code, 'interrupted');
  process.kill(pid, 'SIGKILL');
});

test('a program that may ask a person keeps our session, and ends with what it started as well', async () => {
  const file = join(scratch('children-terminal'), 'pid');
  const session = (pid: string): string =>
    spawnSync('ps', ['-o', 'sess=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  const { stdout } = await run('sh', ['-c', 'ps -o sess= -p $$'], { onTerminal: true });
  assert.is(stdout.trim(), session(String(process.pid)));
  const stop = new AbortController();
  const failed = failureOf(() => run('sh', ['-c', forks(file, 'wait')], { signal: stop.signal, onTerminal: true }));
  const pid = await pidIn(file);
  stop.abort();
  assert.is((await failed).code, 'interrupted');
  assert.ok(await endsSoon(pid));
});

/** A process of its own that runs a program. @returns it, and the program's pid */
async function parent(name: string, options: string): Promise<{ child: ChildProcess; pid: number }> {
  const file = join(scratch(name), 'pid');
  const program = `echo $$ > ${file}.new; mv ${file}.new ${file}; trap "" TERM; while :; do sleep 1; done`;
  const source = `import { run } from ${JSON.stringify(SOURCE)};
    process.once('SIGTERM', () => process.exit(3));
    await run('sh', ['-c', ${JSON.stringify(program)}], ${options});`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], { stdio: 'ignore' });
  return { child, pid: await pidIn(file) };
}

test('nothing outlives the process that started it, when that ends', async () => {
  const { child, pid } = await parent('children-exit', '{}');
  child.kill('SIGTERM');
  assert.ok(await endsSoon(pid));
});

test('what may hang for ever ends also with a process that is killed', async () => {
  const { child, pid } = await parent('children-killed', '{ diesWithUs: true }');
  child.kill('SIGKILL');
  assert.ok(await endsSoon(pid));
});

test('a program that is not there is named, however it is started', async () => {
  const failure = await failureOf(() => run('no-such-program', [], { diesWithUs: true }));
  assert.is(failure.code, 'tool-missing');
  assert.match(failure.message, 'no-such-program');
});

test.run();
