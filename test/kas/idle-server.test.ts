/** A BitBake server that stays after its build. Real kas; the stand-in keeps to BitBake's socket and lock. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withBuildDirectory } from '../../src/kas/build-directory.ts';
import { chainOf } from '../../src/kas/chain.ts';
import { isIdle } from '../../src/kas/idle-server.ts';
import { bitbakeServerOf, sendSignal } from '../../src/kas/processes.ts';
import { failsWith } from './expect.ts';
import { build, locked, processesIn, project, prove } from './project.ts';

const test = suite('kas: a server that stays');
const STAYS = ['BB_SERVER_TIMEOUT = "60"'];

test('the server of our own builds ends with them, whatever the product says', async () => {
  const here = project('own-server', STAYS);
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    assert.is(await bitbakeServerOf(directory.path), undefined);
    await prove(here, directory, '0.1.0', built.startedAtNs);
  });
  assert.equal(processesIn(here.dir), []);
});

test('one that a build by hand left, idle, is asked to end', async () => {
  const here = project('idle-server', STAYS);
  const chain = await chainOf({ config: here.kas.config, workDir: here.dir });
  execFileSync(here.kas.command, ['build', chain.argument], { cwd: here.dir, stdio: 'ignore' });
  const server = await bitbakeServerOf(join(here.dir, 'build'));
  assert.ok(server !== undefined && (await isIdle(server)));
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', built.startedAtNs);
  });
  assert.equal(processesIn(here.dir), []);
});

test('one that builds is left alone, and named', async () => {
  const here = project('busy-server', ['STAND_IN_TASK_SECONDS = "30"']);
  const chain = await chainOf({ config: here.kas.config, workDir: here.dir });
  const byHand = spawn(here.kas.command, ['build', chain.argument], {
    cwd: here.dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  try {
    await new Promise<void>((resolve) => {
      const hear = (chunk: Buffer): void => void (chunk.includes('Running task') && resolve());
      byHand.stdout.on('data', hear);
      byHand.stderr.on('data', hear);
    });
    const server = await bitbakeServerOf(join(here.dir, 'build'));
    assert.ok(server !== undefined && !(await isIdle(server)));
    const error = await failsWith('build-dir-busy', () =>
      withBuildDirectory(here.kas, { env: process.env, what: 'test' }, async () => undefined),
    );
    assert.match(error.message, `locked by BitBake server, pid ${server.pid}, which is building`);
  } finally {
    for (const one of processesIn(here.dir)) sendSignal(Number.parseInt(one, 10), 'SIGKILL');
    sendSignal(-(byHand.pid ?? 0), 'SIGKILL');
  }
});

test.run();
