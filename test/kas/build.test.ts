import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withBuildDirectory } from '../../src/kas/build-directory.ts';
import { chainOf } from '../../src/kas/chain.ts';
import { buildDelta } from '../../src/kas/delta-build.ts';
import { digestFile } from '../../src/io/hash.ts';
import { run } from '../../src/io/process.ts';
import { failsWith } from './expect.ts';
import {
  build,
  chainFor,
  DISTRO,
  EXAMPLE,
  IMAGE,
  locked,
  MACHINE,
  processesIn,
  project,
  prove,
  type Project,
} from './project.ts';

const test = suite('kas: builds');

test(
  'the example, in full size and outside git: versions differ as releases do, one version has the same bytes ' +
    'again, images are 48 MiB and more',
  async () => {
    const digests: string[] = [];
    const lists: string[][] = [];
    for (const [folder, version] of [
      ['one', '0.1.0'],
      ['one', '0.2.0'],
      ['two', '0.1.0'],
    ] as const) {
      const here = projectOnce(folder);
      await locked(here, async (directory) => {
        const built = await build(here, directory, version);
        const proof = await prove(here, directory, version, built.startedAtNs);
        assert.equal(
          proof.map((one) => [one.check, one.result]),
          [
            ['fresh-image', 'pass'],
            ['build-version', 'pass'],
          ],
        );
      });
      const image = join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`);
      lists.push((await run('unsquashfs', ['-cat', image, 'usr/share/tolomeo/files.list'])).stdout.split('\n'));
      const digest = await digestFile(image);
      assert.ok(digest.sizeBytes >= 48 * 1024 * 1024, `${digest.sizeBytes} bytes`);
      digests.push(digest.sha256);
    }
    assert.is(digests[0], digests[2]);
    assert.is.not(digests[0], digests[1]);
    const [before = [], after = []] = lists;
    assert.ok(
      before.some((one) => !after.includes(one)),
      'some file went',
    );
    assert.ok(
      after.some((one) => !before.includes(one)),
      'some file came',
    );
  },
);

const projects = new Map<string, Project>();
function projectOnce(folder: string): Project {
  const known = projects.get(folder);
  if (known !== undefined) return known;
  const here = project(`full-${folder}`, ['STAND_IN_ROOTFS_MIB = "144"']);
  rmSync(join(here.dir, '.git'), { recursive: true });
  projects.set(folder, here);
  return here;
}

test('progress and every line are told, and the log holds what kas printed', async () => {
  const here = project('progress');
  const told: string[] = [];
  let lines = 0;
  await locked(here, (directory) =>
    build(here, directory, '0.1.0', {
      onProgress: (message) => told.push(message),
      onLine: () => {
        lines += 1;
      },
    }),
  );
  assert.equal(told, [
    'task 1 of 3: image-prod do_rootfs',
    'task 2 of 3: image-prod do_image_squashfs',
    'task 3 of 3: image-prod do_image_complete',
  ]);
  assert.ok(lines > 10);
  const log = readFileSync(here.logFile, 'utf8');
  assert.match(log, /kas for-all-repos /);
  assert.match(log, /INFO {5}- NOTE: Running task 3 of 3/);
});

test('a silent build is told of now and then', async () => {
  const here = project('heartbeat', ['STAND_IN_TASK_SECONDS = "1"']);
  const told: string[] = [];
  await locked(here, (directory) =>
    build(here, directory, '0.1.0', { heartbeatMs: 200, onProgress: (message) => told.push(message) }),
  );
  assert.ok(
    told.some((one) =>
      /^still building after \d+ s, last output \d+ s ago; task 1 of 4: image-prod do_fetch$/.test(one),
    ),
    told.join('\n'),
  );
});

test('a failed task: the errors of BitBake, its code and the log are named', async () => {
  const here = project('failed', ['STAND_IN_EXIT_CODE = "7"']);
  const error = await failsWith('build-failed', () => locked(here, (directory) => build(here, directory, '0.1.0')));
  // kas before 5.0 passes BitBake's code on, later ones say 2.
  assert.match(error.message, /kas build failed \(exit code [72]\)/);
  assert.match(error.message, '\nERROR: RuntimeError: oe_runmake failed');
  assert.match(error.message, here.logFile);
  assert.is(error.message.split("do_compile) failed with exit code '1'").length, 2, 'each error stands there once');
  const log =
    /the last 20 lines of (\S+log\.do_compile\.\d+):\n  \| line 12 of the task\n/.exec(error.message)?.[1] ?? '';
  assert.match(readFileSync(log, 'utf8'), 'cc: error: what.c: no such file');
  assert.match(error.message, /\n {2}\| cc: error: what\.c: no such file$/);
  assert.is(
    error.hint,
    `To try this task by hand: cd ${here.dir} && ${here.kas.command} shell ${(await chainFor(here, '0.1.0')).argument} ` +
      `-c 'bitbake -c compile ${IMAGE}'`,
  );
  assert.equal(processesIn(here.dir), []);
});

test('a byte that is not UTF-8 makes kas fail; the hint says so', async () => {
  const here = project('latin1', ['STAND_IN_SAY_LATIN1 = "1"']);
  const error = await failsWith('build-failed', () => locked(here, (directory) => build(here, directory, '0.1.0')));
  assert.match(error.hint ?? '', /not UTF-8/);
});

test('a line of 140,000 bytes hangs kas: the build is stopped as stalled, and nothing builds on', async () => {
  const here = project('long-line', ['STAND_IN_SAY_BYTES = "140000"']);
  const kas = { ...here.kas, stallTimeoutMs: 4000 };
  const error = await failsWith('build-stalled', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { kas })),
  );
  assert.match(
    error.message,
    /kas build printed nothing and used no processor time for 4 s and was stopped; last output: ./,
  );
  assert.equal(processesIn(here.dir), []);
});

test('kas that is not there is named', async () => {
  const here = project('no-kas');
  const error = await failsWith('tool-missing', () =>
    locked(here, (directory) =>
      build(here, directory, '0.1.0', { kas: { ...here.kas, command: 'kas-that-is-not-there' } }),
    ),
  );
  assert.match(error.message, 'kas-that-is-not-there');
});

test('a kas file that does not parse: the last words of kas are quoted', async () => {
  const here = project('bad-file');
  const chain = await chainFor(here, '0.1.0');
  const error = await failsWith('build-failed', () =>
    locked(here, (directory) =>
      build(here, directory, '0.1.0', {
        chain: { ...chain, argument: `${chain.argument}:layers/meta-tolomeo/conf/layer.conf` },
      }),
    ),
  );
  assert.match(error.message, 'Config file extension not recognized');
});

test('a run killed between build and archive goes on: the image since the first start is fresh', async () => {
  const here = project('pending');
  const first = await locked(here, (directory) => build(here, directory, '0.1.0'));
  await locked(here, async (directory) => {
    const again = await build(here, directory, '0.1.0');
    assert.is(again.startedAtNs, first.startedAtNs);
    await prove(here, directory, '0.1.0', again.startedAtNs);
    const other = await build(here, directory, '0.2.0');
    assert.ok(other.startedAtNs > first.startedAtNs, 'another version starts anew');
    const back = await build(here, directory, '0.1.0');
    assert.ok(back.startedAtNs > other.startedAtNs, 'and so does the first after it');
    // Restored from shared state: an old mtime, a new ctime.
    assert.ok(statSync(join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`), { bigint: true }).mtimeNs < back.startedAtNs);
    await prove(here, directory, '0.1.0', back.startedAtNs);
  });
});

test('the cure for a stale build cures', async () => {
  const here = project('cure');
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    const chain = await chainFor(here, '0.1.0');
    const later = process.hrtime.bigint() + BigInt(Date.now()) * 1_000_000n;
    await failsWith('build-stale', () => prove(here, directory, '0.1.0', later));
    await run('kas', ['build', '-c', 'cleansstate', chain.argument], { cwd: here.dir });
    const before = BigInt(Date.now()) * 1_000_000n;
    await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', before);
  });
});

test('KAS_BUILD_DIR says where, and is respected', async () => {
  const here = project('build-dir');
  const env = { ...process.env, KAS_BUILD_DIR: 'elsewhere' };
  await withBuildDirectory(here.kas, { env, what: 'test' }, async (directory) => {
    assert.is(directory.path, join(here.dir, 'elsewhere'));
    await build(here, directory, '0.1.0', { env });
    assert.ok(
      statSync(join(here.dir, 'elsewhere/tmp/deploy/images', MACHINE, `${IMAGE}-${MACHINE}.squashfs`)).size > 0,
    );
  });
});

test('engine kas: VERSION_FROM and VERSION_TO reach the recipe, and rdiff applies what it makes', async () => {
  const here = project('delta');
  const { dir, kas, logFile } = here;
  const archived = (version: string): string =>
    join(dir, 'artifacts', MACHINE, IMAGE, version, `${IMAGE}-${MACHINE}.squashfs`);
  await locked(here, async (directory) => {
    for (const version of ['0.1.0', '0.2.0']) {
      await build(here, directory, version);
      await run('install', ['-D', join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`), archived(version)]);
    }
    const chain = await chainOf({ config: kas.deltaConfig, workDir: dir });
    // The caller's own values must not win over the pair that is asked for.
    const env = { ...process.env, VERSION_FROM: '9', VERSION_TO: '9' };
    const results = await buildDelta(directory, {
      kas,
      chain,
      env,
      logFile,
      from: '0.1.0',
      to: '0.2.0',
      machine: MACHINE,
      distro: DISTRO,
      image: IMAGE,
    });
    await run('rdiff', ['patch', archived('0.1.0'), join(results, 'rootfs.delta'), join(dir, 'patched')]);
    assert.equal(await digestFile(join(dir, 'patched')), await digestFile(archived('0.2.0')));
  });
});

test('the example ships no switch of the stand-in that a release would notice', () => {
  assert.not.match(readFileSync(join(EXAMPLE, 'kas', `${MACHINE}_${DISTRO}_${IMAGE}.yml`), 'utf8'), 'STAND_IN');
});

test.run();
