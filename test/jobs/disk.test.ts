/**
 * A disk that is full for real: a tmpfs of a few MiB, which needs root to mount. The shim does the rest (test/faults).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMAND, WHOLE_COMMAND, differences, leftovers, makeRig, snapshot, type Rig } from '../faults/rig.ts';
import { arm, disarm } from '../faults/shim.js';
import { processesIn } from '../kas/project.ts';
import { MACHINE, filesBelow } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';
import { stub } from '../support/stub.ts';

const test = suite('full disk');

let rig: Rig;
let root: string;
let mounted = false;

test.before(async () => {
  rig = await makeRig('disk');
  root = join(rig.product.dir, 'artifacts');
});

test.after(unmount);

function unmount(): void {
  if (mounted) spawnSync('umount', [root]);
  mounted = false;
}

/** An archive of 0.1.0 on a tmpfs of a size. @returns why there is none, where only root could mount one */
function mountArchive(sizeKib: number): string | undefined {
  unmount();
  rig.reset();
  const aside = `${root}-aside`;
  rmSync(aside, { recursive: true, force: true });
  spawnSync('mv', [root, aside]);
  mkdirSync(root);
  const run = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', root], { encoding: 'utf8' });
  mounted = run.status === 0;
  spawnSync('sh', ['-c', `mv '${aside}'/* '${root}'/ && rmdir '${aside}'`]);
  return mounted ? undefined : run.stderr.trim();
}

const freeKib = (): number => {
  const found = statfsSync(root);
  return (found.bavail * found.bsize) / 1024;
};

/** No version and no update is there but those that are whole, and nothing unfinished. */
async function nothingHalfWritten(): Promise<void> {
  assert.equal(
    filesBelow(root).filter((file) => file.includes('release-plan-tmp')),
    [],
  );
  const run = await rig.cli(['verify', 'plan.yml', '--json']);
  const { checks } = JSON.parse(run.stdout) as {
    checks: Array<{ check: string; subject: string; result: string; detail: string }>;
  };
  assert.equal(
    checks.filter((one) => one.result === 'fail' && !one.detail.includes('not in the archive')),
    [],
  );
}

// Room for 0.1.0 (400 KiB) and less and less for what comes: the image, its signature, the delta, its package.
for (const sizeKib of [440, 600, 760, 820, 1000, 1400]) {
  test(`a disk of ${sizeKib} KiB: exit 5, path and bytes; with more room the same command completes`, async () => {
    const why = mountArchive(sizeKib);
    if (why !== undefined) {
      process.stdout.write(` (not done: ${why}; the shim's ENOSPC stands for it) `);
      return;
    }
    const run = await rig.cli(COMMAND);
    assert.is(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, new RegExp(`not enough disk space for ${root}/${MACHINE}/\\S+: \\d+ bytes required`));
    await nothingHalfWritten();
    spawnSync('mount', ['-o', 'remount,size=32m', root]);
    const again = await rig.cli(COMMAND);
    assert.is(again.exitCode, 0, again.stderr);
    assert.equal(differences(snapshot(rig.product), rig.reference), []);
    assert.equal(leftovers(rig), []);
  });
}

test('a disk that others fill while the step runs: the same', async () => {
  const why = mountArchive(4096);
  if (why !== undefined) {
    process.stdout.write(` (not done: ${why}) `);
    return;
  }
  // The estimate passes; then everything but some KiB is taken away.
  const compressor = stub(scratch('disk-stub'), 'libdeflate-gzip');
  compressor.hang();
  const { done } = rig.product.start(COMMAND, { ...rig.env, PATH: compressor.path });
  while (compressor.pid() === undefined) await sleep(10);
  spawnSync('mount', ['-o', `remount,size=${4096 - Math.floor(freeKib()) + 24}k`, root]);
  compressor.free();
  const run = await done;
  assert.is(run.exitCode, 5, run.stderr);
  assert.match(run.stderr, /: \d+ bytes required/);
  await nothingHalfWritten();
  spawnSync('mount', ['-o', 'remount,size=32m', root]);
  const again = await rig.cli(COMMAND);
  assert.is(again.exitCode, 0, again.stderr);
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
});

for (const [what, at] of [
  ['its heading', 2],
  ['what kas prints', 3],
] as const) {
  test(`the log of a build cannot be written (${what}): the build is stopped, exit 5, and a rerun completes`, async () => {
    unmount();
    rig.reset('empty');
    arm({ roots: [join(rig.product.dir, '.release-plan/logs')], at, fault: 'ENOSPC' });
    const run = await rig.cli(WHOLE_COMMAND);
    assert.match(disarm().fired ?? '', 'logs/0.1.0.log');
    assert.is(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, /logs\/0\.1\.0\.log: \d+ bytes required/);
    assert.equal(processesIn(rig.product.dir), []);
    const again = await rig.cli(WHOLE_COMMAND);
    assert.is(again.exitCode, 0, again.stderr);
    assert.equal(differences(snapshot(rig.product), rig.reference), []);
  });
}

test.run();
