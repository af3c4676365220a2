/**
 * A file that cannot be read is not a file with other bytes: exit 5, its path and the cause; nothing is made in its
 * place unasked.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arm, disarm, type Fault } from '../faults/shim.js';
import { COMMAND, differences, makeRig, snapshot, type Rig } from '../faults/rig.ts';
import type { CliResult } from '../support/product.ts';

const test = suite('what cannot be read');
const IMAGE = 'image-prod-tolomeo-qemux86-64.squashfs';
const ERRNOS = ['EIO', 'EACCES', 'EMFILE'] as const;

let rig: Rig;

test.before(async () => {
  rig = await makeRig('unreadable');
});

test.before.each(async () => {
  rig.reset();
  const run = await rig.cli(COMMAND);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
});

const inArchive = (path: string): string => join(rig.product.archive, path);
const DELTA = '0.2.0/updates/from_0.1.0/rootfs.delta';

/** Runs while a file of the archive is bad. */
async function withBad(path: string, fault: Fault, args: readonly string[]): Promise<CliResult> {
  // What was read before is believed without another look; here nothing is remembered.
  rmSync(inArchive('state.json'), { force: true });
  arm({ roots: rig.roots, at: 0, fault, badFile: inArchive(path) });
  try {
    return await rig.cli(args);
  } finally {
    disarm();
  }
}

function untouched(): void {
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
}

for (const fault of ERRNOS) {
  for (const path of [`0.1.0/${IMAGE}`, '0.2.0/manifest.json', DELTA, '0.2.0/updates/from_0.1.0/delta-info.json']) {
    test(`${fault} on ${path}: apply ends with 5, the path and the cause, and touches nothing`, async () => {
      const made = readFileSync(inArchive('0.2.0/updates/from_0.1.0/delta-info.json'), 'utf8');
      // As if it had to be made anew: not even a report is written over a guess.
      const run = await withBad(path, fault, COMMAND);
      assert.is(run.exitCode, 5, run.stderr);
      assert.match(run.stderr, 'error[archive-unreadable]');
      assert.match(run.stderr, `${inArchive(path)} cannot be read: ${fault}: `);
      untouched();
      assert.is(readFileSync(inArchive('0.2.0/updates/from_0.1.0/delta-info.json'), 'utf8'), made);
    });
  }

  test(`${fault}: verify goes on, names all that is unreadable and all that is damaged, and ends with 5`, async () => {
    const collected = inArchive('0.1.0/build-info.txt');
    writeFileSync(collected, `${readFileSync(collected, 'utf8')}rot`);
    const run = await withBad(`0.1.0/${IMAGE}`, fault, ['verify', 'plan.yml', '--deep']);
    assert.is(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, `${inArchive(`0.1.0/${IMAGE}`)} cannot be read: ${fault}`);
    assert.match(run.stderr, /build-info\.txt has \d+ bytes, expected/);
    assert.match(run.stderr, /\d+ checks pass/);
    const document = JSON.parse((await withBad(`0.1.0/${IMAGE}`, fault, ['verify', 'plan.yml', '--json'])).stdout) as {
      consistent: boolean;
      unreadable: string[];
    };
    assert.is(document.consistent, false);
    assert.match(document.unreadable[0] ?? '', `${IMAGE} cannot be read: ${fault}`);
  });
}

test('plan and report end with 5 too, and gc decides nothing', async () => {
  for (const args of [
    ['plan', 'plan.yml'],
    ['report', 'plan.yml'],
    ['validate', '--with-archive', 'plan.yml'],
  ]) {
    const run = await withBad(DELTA, 'EIO', args);
    assert.is(run.exitCode, 5, `${args.join(' ')}: ${run.stderr}`);
    assert.match(run.stderr + run.stdout, 'rootfs.delta cannot be read: EIO');
  }
  const gc = await withBad('0.2.0/manifest.json', 'EACCES', ['gc', 'plan.yml', '--dry-run']);
  assert.is(gc.exitCode, 5, gc.stderr);
  assert.match(gc.stderr, '0.2.0/manifest.json cannot be read: EACCES');
});

test('a night goes on, names it, and ends with 5; the next one says that it is whole again', async () => {
  const bad = await withBad(`0.1.0/${IMAGE}`, 'EIO', ['apply', 'plan.yml', '--nightly']);
  assert.is(bad.exitCode, 5, bad.stderr);
  assert.match(bad.stdout, `UNREADABLE ${inArchive(`0.1.0/${IMAGE}`)} cannot be read: EIO`);
  const good = await rig.cli(['apply', 'plan.yml', '--nightly']);
  assert.is(good.exitCode, 0, good.stderr);
  assert.match(good.stdout, '0.1.0 is intact again');
});

for (const [path, made] of [
  [DELTA, '0.1.0 -> 0.2.0'],
  [`0.2.0/${IMAGE}`, IMAGE],
  ['0.2.0/rootfs.signature', 'rootfs.signature'],
] as const) {
  test(`verify --repair makes ${path} again when the disk has lost it`, async () => {
    const run = await withBad(path, 'EIO', ['verify', 'plan.yml', '--repair']);
    assert.is(run.exitCode, 0, run.stderr + run.stdout);
    assert.match(run.stdout, new RegExp(`repaired .*${made}`));
    untouched();
  });
}

test('verify --repair leaves alone what this user may not read, and what cannot be made again', async () => {
  for (const [path, fault] of [
    [DELTA, 'EACCES'],
    [DELTA, 'EMFILE'],
    [`0.1.0/${IMAGE}`, 'EIO'],
    ['0.1.0/manifest.json', 'EIO'],
  ] as const) {
    const run = await withBad(path, fault, ['verify', 'plan.yml', '--repair']);
    assert.is(run.exitCode, 5, `${path} ${fault}: ${run.stderr}`);
    assert.match(run.stderr, `${inArchive(path)} cannot be read: ${fault}`);
    assert.is.not(run.stdout.includes('repaired '), true);
    untouched();
  }
});

for (const [path, second] of [
  ['0.2.0/updates/from_0.1.0/delta-update-0.1.0-to-0.2.0.swu', 'opened'],
  [DELTA, 'applied'],
] as const) {
  test(`what was read against its manifest and goes bad before it is ${second}: exit 5, too`, async () => {
    const plan: Parameters<typeof arm>[0] = { roots: [inArchive(path)], at: 0, fault: 'EIO' };
    arm(plan);
    await rig.cli(['verify', 'plan.yml', '--deep']);
    const { seen } = disarm();
    arm({ ...plan, at: seen });
    const run = await rig.cli(['verify', 'plan.yml', '--deep']);
    assert.match(disarm().fired ?? '', inArchive(path));
    assert.is(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, /0\.1\.0 -> 0\.2\.0: .*EIO: i\/o error/);
    assert.match(run.stderr, inArchive(path), run.stderr);
  });
}

test.run();
