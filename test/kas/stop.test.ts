/**
 * Ctrl-C, a crash of kas, a server that does not listen: nothing builds on, and the next build works. Real kas
 * throughout.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { waitForBitbake } from '../../src/kas/build-directory.ts';
import { listProcesses, sendSignal } from '../../src/kas/processes.ts';
import { failsWith } from './expect.ts';
import { build, IMAGE, locked, MACHINE, processesIn, project, prove, type Project } from './project.ts';

const test = suite('kas: stopping');
const TASK_MS = 60_000;
const LONG = 'STAND_IN_TASK_SECONDS = "60"';

/** Interrupts a build when its first task runs, as Ctrl-C does. @returns how long the stop took, in ms */
async function interruptInTask(here: Project): Promise<number> {
  const stop = new AbortController();
  let askedAt = 0;
  const onProgress = (): void => {
    setTimeout(() => {
      askedAt = performance.now();
      stop.abort();
    }, 100);
  };
  await failsWith('interrupted', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { signal: stop.signal, onProgress })),
  );
  return performance.now() - askedAt;
}

test('an interrupted build does not wait for its task and leaves no process; the next one works', async () => {
  const here = project('interrupt', [LONG]);
  const tookMs = await interruptInTask(here);
  assert.ok(tookMs < TASK_MS / 2, `it waited for the task: ${tookMs} ms`);
  assert.equal(processesIn(here.dir), []);
  assert.not(existsSync(join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`)));
  // Without the long task; the rest of the configuration is the same.
  const { kas } = project('interrupt-quick');
  copyFileSync(kas.config[1] ?? '', here.kas.config[1] ?? '');
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', built.startedAtNs);
  });
});

test('a server that does not listen is killed with its whole session', async () => {
  const here = project('deaf', ['STAND_IN_SILENT_SECONDS = "60"']);
  const tookMs = await interruptInTask(here);
  assert.ok(tookMs < TASK_MS / 2, `it waited for the task: ${tookMs} ms`);
  assert.equal(processesIn(here.dir), []);
});

test('an interruption before BitBake runs stops kas', async () => {
  const here = project('early');
  const stop = new AbortController();
  await failsWith('interrupted', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { signal: stop.signal, onLine: () => stop.abort() })),
  );
  assert.equal(processesIn(here.dir), []);
});

test('when kas is killed, the server that it leaves behind is stopped too', async () => {
  const here = project('killed', [LONG]);
  const onProgress = (): void => void killKas(here);
  const error = await failsWith('build-failed', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { onProgress })),
  );
  assert.match(error.message, 'killed by SIGKILL');
  assert.equal(processesIn(here.dir), []);
});

async function killKas(here: Project): Promise<void> {
  const found = (await listProcesses()).filter(
    (one) =>
      one.args.some((word) => word.endsWith('/kas')) &&
      one.args.includes('build') &&
      one.args.some((word) => word.includes('.release-plan/kas/0.1.0.yml')),
  );
  for (const { pid } of found)
    if (processesIn(here.dir).some((one) => one.startsWith(`${pid} `))) sendSignal(pid, 'SIGKILL');
}

test('an aborted signal starts nothing', async () => {
  const here = project('aborted');
  const signal = AbortSignal.abort();
  let failed = false;
  await locked(here, (directory) => build(here, directory, '0.1.0', { signal })).catch(() => {
    failed = true;
  });
  assert.ok(failed);
  assert.not(existsSync(join(here.dir, 'build/conf/local.conf')));
});

test('the end of a build waits for the server that lingers', async () => {
  const here = project('linger', ['STAND_IN_LINGER = "2"']);
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    assert.equal(
      processesIn(here.dir).filter((one) => one.includes('bitbake')),
      [],
    );
    await waitForBitbake(directory);
  });
});

test.run();
