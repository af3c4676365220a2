import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bitbakeServerOf,
  descendantsOf,
  listProcesses,
  readProcess,
  sendSignal,
  type ProcessInfo,
} from '../../src/kas/processes.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('kas: processes');

test('a process is read with its session, whatever its name', async () => {
  const child = spawn('sleep', ['60'], { argv0: 'a (b) c', detached: true, stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    const found = await readProcess(child.pid ?? 0);
    assert.is(found?.session, child.pid);
    assert.is(found?.parent, process.pid);
    assert.ok((await listProcesses()).some((one) => one.pid === process.pid));
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  sendSignal(child.pid ?? 0, 'SIGTERM');
  assert.is(await readProcess(child.pid ?? 0), undefined);
});

test('descendants are found in any order', () => {
  const one = (pid: number, parent: number): ProcessInfo => ({
    pid,
    parent,
    group: 0,
    session: 0,
    args: [],
    isZombie: false,
  });
  const all = [one(4, 3), one(3, 2), one(2, 1), one(5, 1), one(9, 8)];
  assert.equal(
    descendantsOf([2], all).map((each) => each.pid),
    [4, 3, 2],
  );
  assert.equal(descendantsOf([7], all), []);
});

test('a pid in bitbake.lock counts only when that process has the file open', async () => {
  const dir = scratch('lock');
  assert.is(await bitbakeServerOf(dir), undefined);
  const lock = join(dir, 'bitbake.lock');
  for (const text of ['', 'x', '1\n', `${process.pid}\n`, '999999999\n']) {
    writeFileSync(lock, text);
    assert.is(await bitbakeServerOf(dir), undefined, text);
  }
  const child = spawn('sh', ['-c', 'exec sleep 60 9<>"$0"', lock], { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    writeFileSync(lock, `${child.pid}\n127.0.0.1:1234\n`);
    let found: ProcessInfo | undefined;
    for (let round = 0; round < 100 && found?.args[0] !== 'sleep'; round += 1) {
      found = await bitbakeServerOf(dir);
      if (found === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.is(found?.pid, child.pid);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test.run();
