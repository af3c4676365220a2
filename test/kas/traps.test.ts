/** The six ways in which kas exits 0 and the result is wrong (docs/kas.md), each with real kas. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { waitForBitbake, withBuildDirectory } from '../../src/kas/build-directory.ts';
import { chainOf } from '../../src/kas/chain.ts';
import { writeOverride } from '../../src/kas/override.ts';
import { renderOverride } from '../../src/kas/render.ts';
import { runKas } from '../../src/kas/run-kas.ts';
import { kasRunOf } from '../../src/kas/build.ts';
import { failsWith } from './expect.ts';
import { build, chainFor, locked, project, prove } from './project.ts';

const test = suite('kas: traps');

test('1, order: an override that is not the last is found before the build', async () => {
  const here = project('order');
  const override = await writeOverride(
    { planDir: here.dir, config: here.kas.config },
    { id: 'zz-release-plan', version: '0.1.0' },
  );
  const later = join(here.dir, 'kas/later.yml');
  writeFileSync(later, 'header: {version: 1}\nlocal_conf_header:\n  zz-release-plan: |\n    BUILD_VERSION = "dev"\n');
  const chain = await chainOf({ config: [...here.kas.config, override, later], workDir: here.dir });
  const error = await failsWith('kas-order', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { chain })),
  );
  assert.match(
    error.message,
    /local\.conf:\d+ \(local_conf_header "zz-release-plan", .*kas\/later\.yml:3\) sets BUILD_VERSION to "dev", not the planned 0\.1\.0/,
  );
});

test('1, order: chainOf itself puts the override last', async () => {
  const here = project('order-kept');
  const chain = await chainFor(here, '0.1.0');
  assert.is(chain.files.at(-1), join(here.dir, '.release-plan/kas/0.1.0.yml'));
});

test('2, another id: a later header that sets BUILD_VERSION is named', async () => {
  const here = project('other-id', ['BUILD_VERSION = "9.9.9"'], 'zzz-product');
  const error = await failsWith('kas-version-overridden', () =>
    locked(here, (directory) => build(here, directory, '0.1.0')),
  );
  assert.match(
    error.message,
    /local\.conf:\d+ \(local_conf_header "zzz-product", kas\/test\.yml:4\) sets BUILD_VERSION to "9\.9\.9", not the planned/,
  );
});

test('2, another id: the block of the product stays whole, and our version wins over it', async () => {
  const here = project('block', ['BUILD_VERSION = "9.9.9"', 'FIRMWARE_NAME = "core"'], 'buildinfo');
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', built.startedAtNs);
    const localConf = readFileSync(join(directory.path, 'conf/local.conf'), 'utf8');
    assert.match(localConf, 'BUILD_VERSION = "9.9.9"\nFIRMWARE_NAME = "core"\n');
  });
});

test('3, two builds in one directory: the second is refused and told who builds', async () => {
  const here = project('two-builds');
  await locked(here, async () => {
    const error = await failsWith('build-dir-busy', () =>
      withBuildDirectory(here.kas, { env: process.env, what: 'second' }, async () => undefined),
    );
    assert.match(error.message, new RegExp(`locked by test \\(pid ${process.pid}`));
  });
});

test('3, two builds in one directory: a BitBake server that somebody else started is named', async () => {
  const here = project('server');
  await locked(here, async (directory) => {
    const lock = join(directory.path, 'bitbake.lock');
    const server = spawn('sh', ['-c', 'exec 9>"$0"; flock 9; echo $$ >&9; echo held; exec sleep 60', lock], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(server.stdout, 'data');
    try {
      const error = await failsWith('build-dir-busy', () => waitForBitbake(directory, { waitMs: 100 }));
      assert.match(error.message, `locked by BitBake server, pid ${server.pid}`);
    } finally {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await waitForBitbake(directory);
  });
});

test('3, two builds in one directory: a kas started by hand meanwhile is noticed', async () => {
  const here = project('by-hand', ['STAND_IN_TASK_SECONDS = "1.5"']);
  const byHand = await chainOf({ config: here.kas.config, workDir: here.dir });
  await failsWith('kas-configuration-changed', () =>
    locked(here, async (directory) => {
      const job = { kas: here.kas, chain: byHand, env: process.env, logFile: join(here.dir, 'by-hand.log') };
      let other: Promise<unknown> | undefined;
      const onProgress = (): void => {
        other ??= runKas(kasRunOf(directory, job, ['checkout', byHand.argument]));
      };
      try {
        await build(here, directory, '0.1.0', { onProgress });
      } finally {
        await other;
      }
    }),
  );
});

test('4, stale result: deleted images that kas does not make again are missing, not archived', async () => {
  const here = project('deleted');
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    rmSync(join(directory.path, 'tmp/deploy'), { recursive: true });
    const built = await build(here, directory, '0.1.0');
    await failsWith('artifact-missing', () => prove(here, directory, '0.1.0', built.startedAtNs));
  });
});

test('4, stale result: a version outside the task hash leaves the older image, which is refused', async () => {
  const here = project('vardepsexclude', ['do_rootfs[vardepsexclude] = "BUILD_VERSION IMAGE_VERSION_SUFFIX"']);
  await locked(here, async (directory) => {
    const first = await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', first.startedAtNs);
    const second = await build(here, directory, '0.2.0');
    const stale = await failsWith('build-stale', () => prove(here, directory, '0.2.0', second.startedAtNs));
    assert.match(stale.message, /kas succeeded without building it/);
    const wrong = await failsWith('build-version-unproven', () => prove(here, directory, '0.2.0', 0n));
    assert.match(wrong.message, /does not contain 0\.2\.0; its content: BUILD_VERSION = 0\.1\.0/);
  });
});

test('5, the shell: KAS_MACHINE and its kind do not reach kas', async () => {
  const here = project('shell');
  const env = {
    ...process.env,
    KAS_MACHINE: 'other',
    KAS_DISTRO: 'other',
    KAS_TARGET: 'other',
    KAS_TASK: 'clean',
    VERSION_FROM: '7',
  };
  await locked(
    here,
    async (directory) => {
      const built = await build(here, directory, '0.1.0', { env });
      await prove(here, directory, '0.1.0', built.startedAtNs);
    },
    env,
  );
});

test('5, the shell: kas files for another machine or distro than the plan are refused', async () => {
  const here = project('machine');
  const machine = await failsWith('kas-settings-differ', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { machine: 'tolomeo-imx8' })),
  );
  assert.match(
    machine.message,
    /the plan sets MACHINE to tolomeo-imx8, but the kas files differ: machine: tolomeo-qemux86-64/,
  );
  await failsWith('kas-settings-differ', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { distro: 'tolomeo-dev' })),
  );
});

test('6, versions are code: what BitBake would evaluate never becomes a file', async () => {
  for (const version of ['${@1+1}', '${MACHINE}', '1.0"', "1.0'", '1 0', '../1.0', '1.0\n', '', '-1', 'a'.repeat(65)]) {
    await failsWith('version-invalid', () => renderOverride({ id: 'zz-release-plan', version }));
  }
  const here = project('code');
  const file = join(here.dir, 'kas/evil.yml');
  writeFileSync(file, 'header: {version: 1}\nlocal_conf_header:\n  buildinfo: |\n    BUILD_VERSION = "${@1+1}"\n');
  const chain = await chainOf({ config: [...here.kas.config, file], workDir: here.dir });
  await failsWith('kas-order', () => locked(here, (directory) => build(here, directory, '2', { chain })));
});

test.run();
