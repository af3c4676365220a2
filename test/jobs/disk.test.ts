/**
 * A disk that is full for real: a tmpfs of a few MiB, which needs root to mount. The shim does the rest (test/faults).
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMAND, WHOLE_COMMAND, differences, leftovers, makeRig, snapshot, type Rig } from '../faults/rig.ts';
import { arm, disarm } from '../faults/shim.js';
import { processesIn } from '../kas/project.ts';
import { MACHINE, filesBelow } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';
import { stub } from '../support/stub.ts';

const test = suite('full disk');

const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));

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

/** An archive of 0.1.0 on a tmpfs with so much room left. @returns why there is none, where only root could mount one */
function mountArchive(freeKib: number): string | undefined {
  unmount();
  rig.reset();
  const aside = `${root}-aside`;
  rmSync(aside, { recursive: true, force: true });
  requireDone('mv', [root, aside]);
  mkdirSync(root);
  const run = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', root], { encoding: 'utf8' });
  mounted = run.status === 0;
  // Where the disk is made small only afterwards, no file of the archive itself can be cut off on its way.
  requireDone('sh', ['-c', `mv '${aside}'/* '${aside}'/.[!.]* '${root}'/ && rmdir '${aside}'`]);
  if (!mounted) return run.stderr.trim();
  resize(freeKib);
  return undefined;
}

function requireDone(command: string, args: readonly string[]): void {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command} failed: ${run.stderr}`);
}

/** Leaves so much room on the disk. */
function resize(freeKib: number): void {
  const { blocks, bfree, bsize } = statfsSync(root);
  const usedKib = ((blocks - bfree) * bsize) / 1024;
  requireDone('mount', ['-o', `remount,size=${usedKib + freeKib}k`, root]);
}

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

// More and more room for what comes: the image, its signature, the delta, its package.
for (const freeKib of [8, 180, 340, 400, 580, 980]) {
  test(`${freeKib} KiB left: exit 5, path and bytes; with more room the same command completes`, async () => {
    const why = mountArchive(freeKib);
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
  const { child, done } = rig.product.start(COMMAND, { ...rig.env, PATH: compressor.path });
  while (compressor.pid() === undefined) {
    assert.is(child.exitCode, null, 'it ended before it compressed');
    await sleep(10);
  }
  resize(24);
  compressor.free();
  const run = await done;
  assert.is(run.exitCode, 5, run.stderr);
  assert.match(run.stderr, /: \d+ bytes required/, run.stderr);
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

test('messages that go to a full disk keep no build from its end', async () => {
  unmount();
  rig.reset('empty');
  const full = openSync('/dev/full', 'w');
  const run = spawnSync(process.execPath, [BIN, ...WHOLE_COMMAND], {
    cwd: rig.product.dir,
    env: rig.env,
    stdio: ['ignore', 'pipe', full],
    timeout: 300_000,
  });
  closeSync(full);
  assert.is(run.status, 0);
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
});

/** A TMPDIR of a size. @returns why there is none */
function mountTmp(dir: string, sizeKib: number): string | undefined {
  mkdirSync(dir, { recursive: true });
  const run = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', dir], { encoding: 'utf8' });
  return run.status === 0 ? undefined : run.stderr.trim();
}

// swupdate takes a package that it has no room for as a bad one; each of its proofs needs more than the one before.
for (const [sizeKib, what] of [
  [8, 'for the check of a package'],
  [1024, 'for installing it'],
] as const) {
  test(`a TMPDIR of ${sizeKib} KiB, too small ${what}: exit 5 with the folder and the bytes`, async () => {
    const tmp = join(scratch('disk-tmpdir'), 'tmp');
    const why = mountTmp(tmp, sizeKib);
    if (why !== undefined) {
      process.stdout.write(` (not done: ${why}) `);
      return;
    }
    try {
      rig.reset();
      rig.product.edit((plan) => {
        // Debian's swupdate verifies CMS alone.
        const [key, cert] = [join(rig.product.keys, 'ec.pem'), join(rig.product.keys, 'ec.crt')];
        const former = [join(rig.product.keys, 'rsa.pub.pem')];
        plan.signing = { method: 'cms', key, cert, public: cert, former } as never;
        plan.prove = { install: true };
      });
      const run = await rig.product.run(COMMAND, { ...rig.env, TMPDIR: tmp });
      assert.is(run.exitCode, 5, run.stderr);
      assert.match(run.stderr, new RegExp(`not enough disk space for ${tmp}: \\d+ bytes required, \\d+ free`));
      assert.match(run.stderr, 'or set TMPDIR to a folder with more room');
      assert.equal(readdirSync(tmp), []);
      const again = await rig.product.run(COMMAND, rig.env);
      assert.is(again.exitCode, 0, again.stderr);
      const verified = await rig.product.run(['verify', 'plan.yml'], { ...rig.env, TMPDIR: tmp });
      assert.is(verified.exitCode, sizeKib === 8 ? 5 : 0, verified.stderr);
    } finally {
      spawnSync('umount', [tmp]);
    }
  });
}

test.run();
