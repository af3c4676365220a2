import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InvalidPlanError } from '../../src/core/errors.ts';
import { loadPlan, requirePlan } from '../../src/plan/load.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('plan: load');
const good = fileURLToPath(new URL('good/', import.meta.url));

for (const name of ['design.yml', 'minimal.yml', 'anchors.yml']) {
  test(`${name} has nothing to complain of`, async () => {
    const { plan, diagnostics } = await loadPlan(name, { cwd: good });
    assert.equal(diagnostics, []);
    assert.is(plan?.file, join(good, name));
  });
}

test("the design's example is read as it is meant", async () => {
  const { plan } = await requirePlan('design.yml', { cwd: good });
  assert.is(plan.kas?.deploy, join(good, 'build/tmp/deploy/images/{machine}'));
  assert.is(plan.kas?.stallTimeoutMs, 3_600_000);
  assert.is(plan.kas?.workDir, plan.dir);
  assert.equal(plan.kas?.deltaConfig, [join(good, 'kas/tolomeo-qemux86-64_imgen-update-delta.yml')]);
  assert.equal(plan.partitions, [
    {
      name: 'rootfs',
      file: 'image-prod-{machine}.squashfs',
      readOnly: true,
      target: { slots: { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' } },
      delta: 'rdiff',
      slotSizeBytes: 536_870_912,
      versionFile: '/etc/buildinfo',
      type: 'block',
      update: 'if-changed',
    },
    {
      name: 'boot',
      file: 'boot.vfat',
      readOnly: false,
      target: { device: '/dev/mmcblk0p1' },
      delta: 'none',
      type: 'block',
      update: 'always',
    },
  ]);
  assert.equal(plan.versions[1], { version: '0.2.0', tags: [], kas: [join(good, 'kas/pins/0.2.0.yml')] });
  assert.equal(plan.deltas, [{ to: '0.2.0', from: { kind: 'tag', tag: 'promoted' }, engine: 'rdiff', maxShare: 0.7 }]);
  assert.ok(plan.signing !== undefined && 'key' in plan.signing);
  assert.is(plan.signing.key, '${SWU_KEY}');
  assert.equal(plan.fleet, { file: join(good, 'fleet/devices.json') });
});

test('what a plan leaves out has its default', async () => {
  const { plan } = await requirePlan('minimal.yml', { cwd: good });
  assert.is(plan.artifacts, join(good, 'artifacts'));
  assert.equal(plan.swu, {
    hardware: [],
    boards: [plan.machine],
    selections: { set: 'stable', modes: ['main', 'alt'] },
    compress: 'gzip',
    guard: 'shell',
    readback: true,
    allowsInstalledDirectly: false,
    padding: true,
    bootenv: {},
    vars: {},
    scripts: [],
    files: [],
    full: true,
  });
  assert.equal([plan.collect, plan.deltas, plan.kas?.deltaConfig], [[], [], []]);
  assert.is(plan.kas?.command, 'kas');
  assert.not.ok('signing' in plan || 'fleet' in plan || 'ostree' in plan || 'targets' in plan);
});

test('anchors, aliases and merges are expanded', async () => {
  const { plan } = await requirePlan('anchors.yml', { cwd: good });
  assert.equal(
    plan.partitions.map((one) => [one.name, one.readOnly, one.delta]),
    [
      ['rootfs', true, 'rdiff'],
      ['data', true, 'none'],
    ],
  );
  assert.equal(
    plan.versions.map((one) => one.kas),
    Array.from({ length: 4 }, () => [join(good, 'kas/pins/0.2.0.yml')]),
  );
  assert.is(plan.artifacts, '/srv/artifacts');
  assert.is(plan.kas?.stallTimeoutMs, 7_200_000);
});

test('an OSTree plan needs no kas, no partitions and no versions', async () => {
  const { plan } = await requirePlan('ostree.yml', { cwd: good });
  assert.equal(plan.ostree, {
    repo: join(good, 'ostree/repo'),
    branch: 'lmp/raspberrypi4-64',
    gpgKey: '0123ABCD',
    gpgHomedir: join(good, 'keys/gpg'),
    jobs: 2,
    generator: { kind: 'own', xz: 4, workers: 3, memoryBytes: 2 ** 30 },
  });
  assert.equal(plan.targets, { file: join(good, 'targets.json'), sign: './sign-targets' });
  assert.equal(plan.fleet, { command: 'cat fleet/devices.json' });
  assert.equal(
    plan.deltas.map((one) => one.engine),
    ['ostree', 'ostree'],
  );
});

test('a place in the plan can be located', async () => {
  const { locate } = await requirePlan('design.yml', { cwd: good });
  assert.equal(locate(['versions', 1, 'version']), {
    file: 'design.yml',
    line: 41,
    column: 14,
    endLine: 41,
    endColumn: 21,
  });
});

test('a byte order mark and CRLF change nothing, columns included', async () => {
  const dir = scratch('plan-crlf');
  const text = readFileSync(join(good, 'ostree.yml'), 'utf8');
  writeFileSync(join(dir, 'plan.yml'), `\ufeff${text.replaceAll('\n', '\r\n')}`);
  const { diagnostics, locate } = await loadPlan('plan.yml', { cwd: dir });
  assert.equal(diagnostics, []);
  assert.equal(locate(['schema']), { file: 'plan.yml', line: 1, column: 9, endLine: 1, endColumn: 10 });
  assert.equal(locate(['deltas', 0, 'to']), { file: 'plan.yml', line: 10, column: 9, endLine: 10, endColumn: 12 });
});

test('a bad plan is thrown with all that is wrong', async () => {
  const failure = await failureOf(() => requirePlan('../bad/many-at-once.yml', { cwd: good }));
  assert.instance(failure, InvalidPlanError);
  assert.is((failure as InvalidPlanError).diagnostics.length, 6);
  assert.is(failure.exitCode, 2);
});

test('without files only the plan itself is judged', async () => {
  const { plan, diagnostics } = await loadPlan('../bad/path-missing-kas.yml', { cwd: good, checkFiles: false });
  assert.equal(diagnostics, []);
  assert.ok(plan);
});

test('what is no readable file is told', async () => {
  const dir = scratch('plan-missing');
  mkdirSync(join(dir, 'folder.yml'));
  for (const path of ['nowhere.yml', 'folder.yml', '/dev/null']) {
    const { plan, diagnostics } = await loadPlan(path, { cwd: dir });
    assert.is(plan, undefined);
    assert.equal(
      diagnostics.map((one) => one.code),
      ['plan-not-found'],
    );
  }
});

test('the project of a plan outside of git is its folder', async () => {
  const dir = scratch('plan-project');
  mkdirSync(join(dir, 'plans'));
  mkdirSync(join(dir, 'kas'));
  writeFileSync(join(dir, 'kas/product.yml'), '');
  const text = readFileSync(join(good, 'minimal.yml'), 'utf8').replace('kas/pins/0.2.0.yml', '../kas/product.yml');
  writeFileSync(join(dir, 'plans/plan.yml'), text);
  assert.equal(
    (await loadPlan('plans/plan.yml', { cwd: dir })).diagnostics.map((one) => one.code),
    ['path-outside'],
  );
  mkdirSync(join(dir, '.git'));
  assert.equal((await loadPlan('plans/plan.yml', { cwd: dir })).diagnostics, []);
});

test.run();
