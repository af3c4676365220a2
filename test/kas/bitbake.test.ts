/**
 * Real kas with a real BitBake, which is on no package registry: RELEASE_PLAN_BITBAKE names its `bitbake` (of a
 * checkout, bin/bitbake). Without, these tests are left out; the others run with the stand-in.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chainOf } from '../../src/kas/chain.ts';
import { isIdle } from '../../src/kas/idle-server.ts';
import { readImageFile } from '../../src/kas/image/read-file.ts';
import { bitbakeServerOf, sendSignal } from '../../src/kas/processes.ts';
import type { KasSettings } from '../../src/core/plan.ts';
import { scratch } from '../support/scratch.ts';
import { failsWith } from './expect.ts';
import { build, DISTRO, IMAGE, locked, MACHINE, processesIn, prove, type Project } from './project.ts';

const test = suite('kas: real BitBake');
const BITBAKE = process.env.RELEASE_PLAN_BITBAKE;
const LAYERS = fileURLToPath(new URL('bitbake-layers', import.meta.url));

/** @param localConf lines of the product's own block, beside BUILD_VERSION */
function realProject(name: string, localConf: readonly string[] = []): Project {
  const dir = scratch(`bitbake-${name}`);
  cpSync(LAYERS, join(dir, 'layers'), { recursive: true });
  writeFileSync(join(dir, 'layers/core/bitbake-bin'), `${resolve(dirname(BITBAKE ?? ''))}\n`);
  execFileSync('git', ['init', '--quiet', dir]);
  const file = join(dir, 'product.yml');
  const lines = ['BUILD_VERSION = "dev"', ...localConf].map((line) => `    ${line}\n`).join('');
  writeFileSync(
    file,
    `header: {version: 12}
machine: ${MACHINE}
distro: ${DISTRO}
target: ${IMAGE}
repos:
  core: {path: layers/core}
  product: {path: layers/product}
local_conf_header:
  buildinfo: |
${lines}`,
  );
  const kas: KasSettings = {
    config: [file],
    override: 'zz-release-plan',
    pass: [],
    command: process.env.RELEASE_PLAN_KAS ?? 'kas',
    workDir: dir,
    deploy: join(dir, 'build/tmp/deploy/images/{machine}'),
    deltaConfig: [],
    stallTimeoutMs: 120_000,
    lock: 'write',
    update: false,
    forceCheckout: false,
    allowDirty: false,
    provenance: 'off',
  };
  return { dir, kas, deploy: join(dir, 'build/tmp/deploy/images', MACHINE), logFile: join(dir, 'log') };
}

/** A server that has given its lock back takes a moment to end. */
async function endOfAll(here: Project): Promise<void> {
  for (let look = 0; look < 100 && processesIn(here.dir).length > 0; look += 1) await sleep(100);
  assert.equal(processesIn(here.dir), []);
}

if (BITBAKE === undefined)
  test('a real BitBake was not named in RELEASE_PLAN_BITBAKE: only what these tests are made of is looked at', () => {
    assert.ok(existsSync(join(LAYERS, 'product/recipes/image-prod.bb')));
  });
else {
  test('versions are built and proven; what stands beside BUILD_VERSION stays', async () => {
    const here = realProject('versions', ['FIRMWARE_NAME = "core"']);
    await locked(here, async (directory) => {
      for (const version of ['0.1.0', '0.2.0']) {
        const built = await build(here, directory, version);
        const proofs = await prove(here, directory, version, built.startedAtNs);
        assert.equal(
          proofs.map(({ result }) => result),
          ['pass', 'pass'],
        );
        assert.match(built.lock?.tools.bitbake ?? '', /BitBake.* \d+\.\d+\.\d+/);
      }
      const firmware = await readImageFile({
        image: join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`),
        filesystem: 'squashfs',
        path: '/etc/firmware',
        scratchDir: directory.notes,
      });
      assert.is(Buffer.from(firmware ?? []).toString(), 'FIRMWARE_NAME = core\n');
    });
    await endOfAll(here);
  });

  test("a failed task: each error once, the end of the task's log, a command for the next try", async () => {
    const here = realProject('failed', ['STAND_IN_EXIT_CODE = "7"']);
    const error = await failsWith('build-failed', () => locked(here, (directory) => build(here, directory, '0.1.0')));
    const errors = error.message.split('\n').filter((line) => line.startsWith('ERROR: '));
    assert.equal(errors, [...new Set(errors)]);
    assert.match(error.message, /the last \d+ lines of \S+log\.do_compile\.\d+:\n/);
    assert.match(error.message, '  | cc: error: what.c: no such file');
    assert.match(error.hint ?? '', `-c 'bitbake -c compile ${IMAGE}'`);
    await endOfAll(here);
  });

  test('an interrupted build leaves no process, and the next one works', async () => {
    const here = realProject('interrupt', ['STAND_IN_TASK_SECONDS = "60"']);
    const stop = new AbortController();
    const onProgress = (message: string): void => {
      if (message.includes('do_compile')) setTimeout(() => stop.abort(), 100);
    };
    await failsWith('interrupted', () =>
      locked(here, (directory) => build(here, directory, '0.1.0', { signal: stop.signal, onProgress })),
    );
    assert.equal(processesIn(here.dir), []);
    const file = here.kas.config[0] ?? '';
    writeFileSync(file, readFileSync(file, 'utf8').replace('STAND_IN_TASK_SECONDS = "60"', ''));
    await locked(here, async (directory) => {
      const built = await build(here, directory, '0.1.0');
      await prove(here, directory, '0.1.0', built.startedAtNs);
    });
  });

  test('a quiet task that works is not stalled; one that waits is', async () => {
    const working = realProject('working', ['STAND_IN_WORK_SECONDS = "14"']);
    await locked(working, (directory) =>
      build(working, directory, '0.1.0', { kas: { ...working.kas, stallTimeoutMs: 6000 } }),
    );
    const waiting = realProject('waiting', ['STAND_IN_TASK_SECONDS = "90"']);
    const error = await failsWith('build-stalled', () =>
      locked(waiting, (directory) =>
        build(waiting, directory, '0.1.0', { kas: { ...waiting.kas, stallTimeoutMs: 6000 } }),
      ),
    );
    assert.match(error.message, 'printed nothing and used no processor time for 6 s');
    await endOfAll(waiting);
  });

  test('a server that stays: ours does not, one left by hand is asked to end, a busy one is named', async () => {
    const here = realProject('server', ['BB_SERVER_TIMEOUT = "120"']);
    const chain = await chainOf({ config: here.kas.config, workDir: here.dir });
    execFileSync(here.kas.command, ['build', chain.argument], { cwd: here.dir, stdio: 'ignore' });
    const server = await bitbakeServerOf(join(here.dir, 'build'));
    assert.ok(server !== undefined && (await isIdle(server)), 'kas by hand left it');
    await locked(here, async (directory) => {
      const built = await build(here, directory, '0.1.0');
      await prove(here, directory, '0.1.0', built.startedAtNs);
      assert.is(await bitbakeServerOf(directory.path), undefined);
    });
    const file = here.kas.config[0] ?? '';
    writeFileSync(file, `${readFileSync(file, 'utf8')}    STAND_IN_TASK_SECONDS = "60"\n`);
    const byHand = spawn(here.kas.command, ['build', chain.argument], {
      cwd: here.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    try {
      await new Promise<void>((found) => {
        const hear = (chunk: Buffer): void => void (chunk.includes('do_compile') && found());
        byHand.stdout.on('data', hear);
        byHand.stderr.on('data', hear);
      });
      const error = await failsWith('build-dir-busy', () => locked(here, async () => undefined));
      assert.match(error.message, /locked by BitBake server, pid \d+, which is building/);
    } finally {
      for (const one of processesIn(here.dir)) sendSignal(Number.parseInt(one, 10), 'SIGKILL');
      if (byHand.exitCode === null && byHand.signalCode === null) {
        sendSignal(-(byHand.pid ?? 0), 'SIGKILL');
        await once(byHand, 'exit');
      }
    }
  });
}

test.run();
