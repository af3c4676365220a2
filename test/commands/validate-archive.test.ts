/** validate --with-archive: what a plan finds in the archive and the fleet, with the place in the plan. */
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerValidate } from '../../src/commands/validate.ts';
import { diagnosticFormats } from '../../src/report/diagnostics/registry.ts';
import { handMade, type HandMade } from '../support/archive.ts';
import { runCommand } from '../support/command.ts';
import { configuration } from '../support/manifests.ts';
import { archiveRepository, commit } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: validate --with-archive');

interface Found {
  code: string;
  severity: string;
  message: string;
  where?: { line: number; column: number };
}

/** All three versions archived whole. */
function archived(): HandMade {
  const made = handMade(scratch('validate-archive'));
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  return made;
}

async function validate(
  { dir }: HandMade,
  ...flags: string[]
): Promise<{ exitCode: number | undefined; found: Found[] }> {
  const run = await runCommand(
    registerValidate,
    ['validate', 'plan.yml', '--with-archive', '--format', 'json', ...flags],
    { cwd: dir },
  );
  if (run.failure !== undefined) throw run.failure;
  return { exitCode: run.exitCode, found: (JSON.parse(run.stdout) as { diagnostics: Found[] }).diagnostics };
}

/** The text of the plan that a diagnostic points at. */
async function placeOf({ dir }: HandMade, { where }: Found): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const lines = (await readFile(join(dir, 'plan.yml'), 'utf8')).split('\n');
  return lines[(where?.line ?? 0) - 1]?.slice((where?.column ?? 1) - 1) ?? '';
}

const brief = (found: readonly Found[]): string[] => found.map((one) => `${one.severity} ${one.code}`);

test('a whole archive that fits has no problems; without the flag nothing of it is read', async () => {
  const made = archived();
  assert.equal(await validate(made), { exitCode: 0, found: [] });
  truncateSync(join(made.version('0.1.0'), 'rootfs.squashfs'), 1);
  const run = await runCommand(registerValidate, ['validate', 'plan.yml'], { cwd: made.dir });
  assert.is(run.exitCode, 0);
});

for (const [how, damage] of [
  ['altered', (file: string) => writeFileSync(file, 'Image of 0.2.0')],
  ['cut off', (file: string) => truncateSync(file, 3)],
  ['gone', (file: string) => rmSync(file)],
  [
    'a link',
    (file: string) => {
      rmSync(file);
      symlinkSync('/etc/hostname', file);
    },
  ],
] as const) {
  test(`an artifact that is ${how} is an error at its version, and ends with exit code 4`, async () => {
    const made = archived();
    damage(join(made.version('0.2.0'), 'rootfs.squashfs'));
    const { exitCode, found } = await validate(made);
    assert.is(exitCode, 4);
    assert.equal(brief(found), ['error archive-damaged']);
    assert.match(found[0]?.message ?? '', join(made.version('0.2.0'), 'rootfs.squashfs'));
    assert.match(await placeOf(made, found[0] as Found), /^"?0\.2\.0/);
  });
}

test('a base that is not archived would be built anew: a warning at the rule', async () => {
  const made = handMade(scratch('validate-archive'));
  made.archive('0.1.0');
  made.archive('0.3.0');
  const { exitCode, found } = await validate(made);
  assert.is(exitCode, 0);
  assert.equal(brief(found), ['warning base-not-archived']);
  assert.match(found[0]?.message ?? '', 'the base 0.2.0 of the delta to 0.3.0');
  assert.match(await placeOf(made, found[0] as Found), /^from:/);
});

test('deltas that the layout or the configuration forbid are errors at their rule', async () => {
  const made = archived();
  made.write({ deltas: [{ to: '0.3.0', from: ['0.1.0', '0.2.0'] }] });
  made.archive('0.1.0', {
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        filesystem: 'ext4',
        readOnly: true,
        slotSizeBytes: 1024,
        delta: 'rdiff',
      },
    ],
  });
  made.archive('0.2.0', { configuration: configuration({ MACHINE: 'a', DISTRO: 'b', INIT_MANAGER: 'systemd' }) });
  const { exitCode, found } = await validate(made);
  assert.is(exitCode, 4);
  assert.equal(brief(found), ['error pair-inconsistent', 'error pair-inconsistent']);
  assert.match(found[0]?.message ?? '', 'rootfs is ext4 in 0.1.0 and squashfs in 0.3.0');
  assert.match(found[1]?.message ?? '', 'INIT_MANAGER (only in 0.2.0)');
  assert.match(await placeOf(made, found[0] as Found), /^"?0\.1\.0/);
  assert.match(await placeOf(made, found[1] as Found), /^"?0\.2\.0/);
});

test('an archived image that outgrows the slot of the plan is an error at the slot', async () => {
  const made = archived();
  made.write({
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        read_only: true,
        slots: { a: '/dev/a', b: '/dev/b' },
        slot_size: 512,
        version_file: '/etc/buildinfo',
        delta: 'rdiff',
      },
    ],
  });
  const big = 'x'.repeat(600);
  const { digestBytes } = await import('../../src/io/hash.ts');
  made.archive('0.2.0', {
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...digestBytes(big) }],
  });
  writeFileSync(join(made.version('0.2.0'), 'rootfs.squashfs'), big);
  const { exitCode, found } = await validate(made);
  assert.is(exitCode, 4);
  assert.equal(brief(found), ['error image-too-large']);
  assert.match(await placeOf(made, found[0] as Found), /^512/);
});

test('a damaged update is a warning: apply makes it again', async () => {
  const made = archived();
  made.archiveUpdate('0.1.0', '0.3.0');
  assert.equal((await validate(made)).found, []);
  writeFileSync(join(made.update('0.1.0', '0.3.0'), 'x.swu'), 'rot');
  const { exitCode, found } = await validate(made);
  assert.is(exitCode, 0);
  assert.equal(brief(found), ['warning update-damaged']);
  assert.is((await validate(made, '--strict')).exitCode, 2);
});

test('without an archive it says so, since a disk may not be mounted', async () => {
  const { exitCode, found } = await validate(handMade(scratch('validate-archive')));
  assert.is(exitCode, 0);
  assert.equal(brief(found), ['warning archive-not-there']);
});

test('devices on a version that the plan forgot are told; a fleet that cannot be read is no fleet without devices', async () => {
  const made = archived();
  made.write({ fleet: 'devices.json' });
  const devices = ['0.1.0', '0.0.9', '0.0.9'].map((version, index) => ({
    'name': `dev-${index}`,
    'tag': 'promoted',
    version,
    'hardware-id': 'board',
  }));
  writeFileSync(
    join(made.dir, 'devices.json'),
    JSON.stringify({
      devices: [...devices, { 'name': 'other', 'tag': 'x', 'version': '7.7.7', 'hardware-id': 'another-board' }],
      total: 4,
    }),
  );
  const { found } = await validate(made);
  assert.equal(
    found.map((one) => [one.code, one.message]),
    [['base-unknown', '2 devices run 0.0.9, which is neither in the plan nor in the archive (dev-1, dev-2)']],
  );
  assert.match(await placeOf(made, found[0] as Found), /^devices\.json/);
  writeFileSync(join(made.dir, 'devices.json'), '');
  assert.equal(brief((await validate(made)).found), ['warning fleet-unreadable']);
});

test('an OSTree product is checked against its repository: commits that are gone, Targets that are not there', async () => {
  const repo = await archiveRepository('validate-archive-ostree');
  const dir = dirname(repo);
  const commits = [
    await commit(repo, 'main', { 'os-release': 'one' }),
    await commit(repo, 'main', { 'os-release': 'two' }, 1),
  ];
  const targets = Object.fromEntries(
    commits.map((sha256, index) => [
      `board-${index + 1}`,
      {
        hashes: { sha256 },
        length: 0,
        custom: { version: String(index + 1), name: 'board', tags: [], hardwareIds: ['board'], targetFormat: 'OSTREE' },
      },
    ]),
  );
  writeFileSync(
    join(dir, 'targets.json'),
    JSON.stringify({ signatures: [], signed: { _type: 'Targets', version: 1, targets } }),
  );
  writeFileSync(
    join(dir, 'plan.yml'),
    'schema: 1\nproduct: demo\nmachine: board\ndistro: prod\nimage: image\nostree: { repo: repo, branch: main ' +
      '}\ntargets: targets.json\nversions: [{ version: "1" }, { version: "2" }]\n',
  );
  const made = handMade(scratch('validate-archive-unused'));
  assert.equal(await validate({ ...made, dir }), { exitCode: 0, found: [] });
  const [gone = ''] = commits;
  rmSync(join(repo, 'objects', gone.slice(0, 2), `${gone.slice(2)}.commit`));
  const { exitCode, found } = await validate({ ...made, dir });
  assert.is(exitCode, 4);
  assert.equal(brief(found), ['error ostree-commit-missing']);
  assert.match(found[0]?.message ?? '', `board-1: commit ${gone} is not in`);
  writeFileSync(
    join(dir, 'targets.json'),
    JSON.stringify({
      signatures: [],
      signed: { _type: 'Targets', version: 1, targets: { 'board-2': targets['board-2'] } },
    }),
  );
  assert.equal(brief((await validate({ ...made, dir })).found), ['warning target-unknown']);
  rmSync(repo, { recursive: true });
  assert.equal(brief((await validate({ ...made, dir })).found), ['error ostree-repo-missing']);
});

test('every format shows what was found', async () => {
  const made = archived();
  rmSync(join(made.version('0.2.0'), 'rootfs.squashfs'));
  for (const { name } of diagnosticFormats) {
    const run = await runCommand(registerValidate, ['validate', 'plan.yml', '--with-archive', '--format', name], {
      cwd: made.dir,
    });
    assert.is(run.exitCode, 4, name);
    assert.match(run.stdout, 'archive-damaged', name);
  }
});

test.run();
