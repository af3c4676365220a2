/** The fleet's commands on a real repository: the example in examples/lmp, and a SWUpdate product. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stringify, parse } from 'yaml';
import { registerApply } from '../../src/commands/apply.ts';
import { registerTargets } from '../../src/commands/targets/index.ts';
import { registerVerify } from '../../src/commands/verify.ts';
import { nearestPlan } from '../../src/commands/targets/plan.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { readRegistry } from '../../src/fleet/registry-file.ts';
import { run } from '../../src/io/process.ts';
import type { ConsistencyReport } from '../../src/core/report.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { ostree } from '../support/ostree.ts';
import { product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands/targets');
const EXAMPLE = fileURLToPath(new URL('../../examples/lmp', import.meta.url));

/** The example in a folder of its own, its repository just made. */
async function example(): Promise<{ cwd: string; targets: (...argv: string[]) => Promise<CommandRun> }> {
  const cwd = scratch('lmp');
  for (const name of ['plan.yml', 'devices.json', 'make-targets']) cpSync(join(EXAMPLE, name), join(cwd, name));
  await run('./make-targets', [], { cwd });
  return { cwd, targets: (...argv) => runCommand(registerTargets, ['targets', ...argv], { cwd }) };
}

const codeOf = ({ failure }: CommandRun): string =>
  failure instanceof ReleasePlanError ? `${failure.exitCode} ${failure.code}: ${failure.message}` : String(failure);

const said = ({ events }: CommandRun): string =>
  events.flatMap((event) => ('message' in event ? [event.message] : [])).join('\n');

test("the seed's scene: dry run, refused promotion, deltas, promotion, nothing left to do", async () => {
  const { cwd, targets } = await example();
  const dry = await targets('static-deltas', '9', '--by-tag', 'promoted', '--dryrun');
  assert.is(dry.stdout, 'Dry run: Would generate static deltas for Target versions:\n   7 -> 9\n   5 -> 9\n');
  assert.match(said(dry), '6 devices: 5 by delta, 1 by full image, 0 up to date');
  assert.match(said(dry), 'full image: 1 (kiosk-7): runs raspberrypi4-64-lmp-2, which is not in the registry');
  const filtered = await targets(
    'static-deltas',
    '9',
    '--by-tag',
    'promoted',
    '--hw-id',
    'raspberrypi4-64',
    '--dry-run',
  );
  assert.match(
    filtered.stdout,
    /^Dry run: Would generate static deltas for Targets with hardware ID raspberrypi4-64 and versions:\n {3}7 -> 9\n/,
  );

  const before = readFileSync(join(cwd, 'targets.json'), 'utf8');
  const early = await targets('tag', '--tags', 'master,promoted', '--by-version', '9');
  assert.match(
    codeOf(early),
    /^4 promotion-blocked: the delta 7 -> 9, which 3 devices on promoted require, is missing; the delta 5 -> 9/,
  );
  assert.is(readFileSync(join(cwd, 'targets.json'), 'utf8'), before);

  const made = await targets('static-deltas', '9', '--by-tag', 'promoted');
  assert.equal([made.exitCode, made.stdout], [0, '2 of 2 required deltas made and proven.\n']);
  assert.is((await ostree(join(cwd, 'ostree/repo'), 'static-delta', 'list')).split('\n').length, 2);
  const [nine] = (await readRegistry(join(cwd, 'targets.json'))).targets.filter((one) => one.version === '9');
  const stats = nine?.custom['delta-stats'] as { sha256: string };
  assert.equal(
    Object.keys(
      (JSON.parse(readFileSync(join(cwd, 'ostree/repo/delta-stats', stats.sha256), 'utf8')) as Record<string, object>)[
        nine?.sha256 ?? ''
      ] ?? {},
    ).length,
    2,
  );

  assert.match(
    (await targets('tag', '-T', 'master,promoted', '9', '--by-version', '--dry-run')).stdout,
    'Changing tags of raspberrypi4-64-lmp-9 from [master] -> [master promoted]\n',
  );
  assert.equal((await readRegistry(join(cwd, 'targets.json'))).targets.find((one) => one.version === '9')?.tags, [
    'master',
  ]);
  const moved = await targets('tag', '--tags', 'master,promoted', '--by-version', '9');
  assert.equal(
    [moved.exitCode, moved.stdout],
    [0, 'Changing tags of raspberrypi4-64-lmp-9 from [master] -> [master promoted]\n'],
  );
  const summary = readFileSync(join(cwd, 'ostree/repo/summary'));
  assert.match((await targets('tag', '--tags', 'master,promoted', '--by-version', '9')).stdout, /^Nothing to do/);
  assert.match((await targets('static-deltas', '9', '--by-tag', 'promoted')).stdout, /^Nothing to do/);
  assert.match((await targets('static-deltas', '9', '--by-tag', 'promoted', '--dryrun')).stdout, /^Nothing to do/);
  assert.equal(readFileSync(join(cwd, 'ostree/repo/summary')), summary);
});

test('orphans by their commit, pruning, --force and the answer as JSON', async () => {
  const { cwd, targets } = await example();
  const beta = await targets('static-deltas', '9', '--by-tag', 'beta', '--json');
  const answer = JSON.parse(beta.stdout) as {
    pairs: Array<{ from: { versions: string[]; commit: string }; devices: number; state: string; examples: string[] }>;
    coverage: object;
  };
  assert.equal(
    answer.pairs.map(({ from, devices, state, examples }) => [from.versions, devices, state, examples]),
    [[['3'], 1, 'made', ['kiosk-6']]],
  );
  await targets('static-deltas', '7', '5');
  const list = async (): Promise<number> =>
    (await ostree(join(cwd, 'ostree/repo'), 'static-delta', 'list'))
      .split('\n')
      .filter((line) => /^[0-9a-f]{64}-/.test(line)).length;
  assert.is(await list(), 2);
  // 3 -> 9 is required by nobody as long as 9 is not on beta; 5 -> 7 by the devices on promoted that run 5, as 7 has
  // the tag.
  const listed = await targets('static-deltas', '9', '--by-tag', 'promoted');
  assert.match(said(listed), '1 static delta is no longer required by any rule or tag; --prune deletes them:');
  await targets('static-deltas', '9', '--by-tag', 'promoted', '--prune');
  assert.is(await list(), 3);
  const forced = await targets('tag', 'raspberrypi4-64-lmp-9', '-T', 'beta', '--append', '--force');
  assert.is(forced.exitCode, 0);
  assert.match(said(forced), '--force overrides: the delta 3 -> 9, which 1 device on beta requires, is missing');
});

test('deltas of pruned sources serve their devices: they are counted, told of, and never pruned', async () => {
  const { cwd, targets } = await example();
  const repo = join(cwd, 'ostree/repo');
  await targets('static-deltas', '9', '--by-tag', 'promoted');
  await targets('static-deltas', '9', '--by-tag', 'beta');
  // 3 is in no registry: its device is known by its hash alone.
  await ostree(repo, 'prune', '--refs-only', '--depth=0');
  const dry = await targets('static-deltas', '9', '--by-tag', 'promoted', '--dry-run');
  assert.match(dry.stdout, /^Nothing to do/);
  assert.match(said(dry), /6 devices: 5 by delta, 1 by full image/);
  assert.match(said(dry), /the source commit of the delta 5 -> 9, which 2 devices require, was pruned/);
  const moved = await targets('tag', '-T', 'master,promoted,beta', '--by-version', '9');
  assert.is(moved.failure, undefined);
  assert.match(said(moved), /the source commit of the delta 3 -> 9, which 1 device requires, was pruned/);
  const kept = await targets('static-deltas', '9', '--by-tag', 'promoted', '--prune', '--json');
  assert.is(kept.failure, undefined);
  assert.equal((JSON.parse(kept.stdout) as { unrequired: object[] }).unrequired, []);
  assert.is((await ostree(repo, 'static-delta', 'list')).match(/^[0-9a-f]{64}-/gm)?.length, 3);
  // The commits of planned versions are missing, which verify tells of; the deltas are whole.
  const verified = await runCommand(registerVerify, ['verify', 'plan.yml', '--json'], { cwd });
  assert.equal(
    (JSON.parse(verified.stdout) as ConsistencyReport).checks
      .filter(({ check }) => check === 'delta')
      .map(({ subject, result, detail }) => [subject, result, detail.endsWith('its source commit was pruned')]),
    [
      ['7 -> 9', 'pass', true],
      ['5 -> 9', 'pass', true],
    ],
  );

  // Once such a delta is damaged it is withdrawn, and its devices take the full image.
  await run('sh', ['-c', `for f in "${repo}"/deltas/*/*/0; do printf x >> "$f"; done`]);
  const refused = await targets('static-deltas', '9', '--by-tag', 'promoted');
  assert.match(
    codeOf(refused),
    /^4 ostree-commit-missing: the static delta .* cannot be made: commit [0-9a-f]{64} is not/,
  );
  assert.match(
    said(await targets('static-deltas', '9', '--by-tag', 'beta')),
    /the static delta [0-9a-f]{10} -> [0-9a-f]{10} is broken and is made again: part 0/,
  );
  assert.is((await ostree(repo, 'summary', '--view')).match(/[0-9a-f]{64}-[0-9a-f]{64}/g), null);
});

test("fioctl's words and exit codes", async () => {
  const { cwd, targets } = await example();
  assert.is(
    codeOf(await targets('static-deltas', '7', '9')),
    '1 from-newer: from-version 9 is newer than to-version 7',
  );
  assert.is(codeOf(await targets('static-deltas', '9', '--by-tag', 'x')), "1 tag-unknown: No tags named 'x' found");
  assert.is(
    codeOf(await targets('static-deltas', '9')),
    '1 nothing-required: No Targets found to generate deltas for.',
  );
  assert.match(codeOf(await targets('static-deltas', '8', '--by-tag', 'promoted')), /^1 target-unknown/);
  assert.match(
    codeOf(await targets('tag', '-T', 'x', 'nope')),
    /^1 target-unknown: Target\(nope\) not found in targets.json/,
  );
  assert.match(codeOf(await targets('tag', '-T', '', 'raspberrypi4-64-lmp-9')), /^2 usage/);
  assert.match((await targets('tag', 'raspberrypi4-64-lmp-9')).complaint, /required option '-T, --tags/);
  const commit =
    (await readRegistry(join(cwd, 'targets.json'))).targets.find((one) => one.version === '5')?.sha256 ?? '';
  await run('rm', [join(cwd, 'ostree/repo/objects', commit.slice(0, 2), `${commit.slice(2)}.commit`)]);
  assert.match(codeOf(await targets('static-deltas', '9', '5')), /^4 ostree-commit-missing: 5 -> 9: commit/);
  const rest = await targets('static-deltas', '9', '--by-tag', 'promoted', '--dry-run');
  assert.match(rest.stdout, /:\n {3}7 -> 9\n$/);
  assert.match(said(rest), /full image: 2 \(kiosk-4, kiosk-5\): commit/);
});

test("fioctl's flags that scripts use, with its output", async () => {
  const { cwd, targets } = await example();
  const registry = readFileSync(join(cwd, 'targets.json'), 'utf8');
  assert.is(
    (await targets('static-deltas', '9', '--by-tag', 'beta', '--by-tag', 'promoted', '--no-tail', '--dryrun')).stdout,
    'Dry run: Would generate static deltas for Target versions:\n   7 -> 9\n   5 -> 9\n',
  );
  assert.is(
    (await targets('list', '--by-tag', 'master', '--columns', 'version', '--columns', 'tags,name')).stdout,
    'VERSION  TAGS    NAME\n-------  ----    ----\n9        master  raspberrypi4-64-lmp-9\n',
  );
  assert.is(codeOf(await targets('list', '--production')), '2 usage: --production flag requires --by-tag flag');
  assert.is(
    (await targets('list', '--production', '--by-tag', 'master')).stdout,
    (await targets('list', '--by-tag', 'master')).stdout,
  );
  const production = await targets('list', '--production', '--by-tag', 'promoted', '--raw');
  const document = JSON.parse(production.stdout) as { signed: { version: number; targets: object } };
  assert.equal(Object.keys(document.signed.targets), ['raspberrypi4-64-lmp-5', 'raspberrypi4-64-lmp-7']);
  assert.is(document.signed.version, 9);

  const raw = await targets('show', '--raw', '--production-tag', 'promoted', '7');
  const [seven] = (await readRegistry(join(cwd, 'targets.json'))).targets.filter((one) => one.version === '7');
  const hash = Buffer.from(seven?.sha256 ?? '', 'hex').toString('base64');
  const head = `\n## Target: raspberrypi4-64-lmp-7\n   Hash:   ${hash}\n\t{\n\t\t"version": "7",\n`;
  assert.ok(raw.stdout.startsWith(head), raw.stdout);
  assert.ok(raw.stdout.endsWith('\n\t}\n'));
  assert.match(codeOf(await targets('show', '--production-tag', 'master', '7')), /^1 target-unknown/);

  assert.is(
    codeOf(await targets('tag', '-T', 'a,a', 'raspberrypi4-64-lmp-9')),
    '2 usage: Invalid list of tags. An item was repeated in [a a]',
  );
  const refused = await targets('tag', '-T', 'promoted', '--no-tail', '--by-version', '9', '--dryrun');
  assert.is(refused.stdout, 'Changing tags of raspberrypi4-64-lmp-9 from [master] -> [promoted]\n');
  assert.match(codeOf(refused), /^4 promotion-blocked/);
  assert.is(readFileSync(join(cwd, 'targets.json'), 'utf8'), registry);
});

test('prune drops Targets, not those that devices, tags or the plan need', async () => {
  const { cwd, targets } = await example();
  const names = async (): Promise<string[]> =>
    (await readRegistry(join(cwd, 'targets.json'))).targets.map(({ version }) => version);
  assert.is(codeOf(await targets('prune', 'x')), '1 target-unknown: Target(x) not found in targets.json');
  assert.match(
    codeOf(await targets('prune', '--keep-last', '1', 'promoted')),
    /^2 usage: --keep-last requires --by-tag/,
  );
  const all = await targets('prune', '--by-tag', 'promoted', '--dryrun');
  assert.is(all.stdout, 'Deleting Targets:\n raspberrypi4-64-lmp-5\n raspberrypi4-64-lmp-7\n');
  const blocked = codeOf(all);
  assert.match(blocked, /^4 prune-blocked: 2 devices run raspberrypi4-64-lmp-5 \(kiosk-4, kiosk-5\); 3 devices run/);
  assert.match(blocked, /6 devices follow the tag promoted, which no Target would have any longer/);
  assert.match(blocked, /plan\.yml names version 5; .*plan\.yml names version 7$/);
  const kept = await targets('prune', '--by-tag', 'promoted', '--keep-last=2');
  assert.equal([kept.exitCode, kept.stdout], [0, 'Nothing to prune\n']);
  assert.is((await targets('prune', '--by-tag', 'promoted', 'beta')).stdout, 'Nothing to prune\n');

  // Nobody runs 5 any longer, and the plan does not name it.
  const plan = parse(readFileSync(join(cwd, 'plan.yml'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(cwd, 'plan.yml'), stringify({ ...plan, versions: undefined }));
  const { devices } = JSON.parse(readFileSync(join(cwd, 'devices.json'), 'utf8')) as {
    devices: Array<{ 'target-name': string }>;
  };
  const updated = devices.filter((device) => !device['target-name'].endsWith('-5'));
  writeFileSync(join(cwd, 'devices.json'), JSON.stringify({ devices: updated, total: updated.length, next: null }));
  const dry = await targets('prune', '--by-tag', 'promoted', '--keep-last', '1', '--dryrun');
  assert.is(dry.stdout, 'Deleting Targets:\n raspberrypi4-64-lmp-5\nDry run, exiting\n');
  assert.equal(await names(), ['5', '7', '9']);
  const done = await targets('prune', '--no-tail', 'raspberrypi4-64-lmp-5');
  assert.equal([done.exitCode, done.stdout], [0, 'Deleting Targets:\n raspberrypi4-64-lmp-5\n']);
  assert.equal(await names(), ['7', '9']);
  const forced = await targets('prune', '--force', '--json', 'raspberrypi4-64-lmp-7');
  assert.equal(JSON.parse(forced.stdout), { schema: 1, dryRun: false, pruned: ['raspberrypi4-64-lmp-7'] });
  assert.match(said(forced), /--force overrides: 3 devices run raspberrypi4-64-lmp-7/);
  assert.equal(await names(), ['9']);
});

test('list and show; the plan is found upward or named', async () => {
  const { cwd, targets } = await example();
  assert.is(
    (await targets('list')).stdout,
    [
      'VERSION  TAGS      APPS  ORIGIN',
      '-------  ----      ----  ------',
      '5        promoted',
      '7        promoted',
      '9        master',
      '',
    ].join('\n'),
  );
  assert.is(
    (await targets('list', '--by-tag', 'master', '--columns', 'version,hardware-ids')).stdout,
    'VERSION  HARDWARE-IDS\n-------  ------------\n9        raspberrypi4-64\n',
  );
  assert.is((await targets('list', '--raw')).stdout, readFileSync(join(cwd, 'targets.json'), 'utf8'));
  assert.match(codeOf(await targets('list', '--columns', 'color')), /^2 usage/);
  const shown = (await targets('show', '9')).stdout;
  assert.match(shown, /^## Target: raspberrypi4-64-lmp-9\n/);
  assert.match(shown, /\tOSTree Hash: {3}[0-9a-f]{64}\n/);
  assert.match(codeOf(await targets('show', '99')), /^1 target-unknown/);
  const registry = JSON.parse(readFileSync(join(cwd, 'targets.json'), 'utf8')) as {
    signed: { targets: Record<string, { custom: { hardwareIds: string[] } }> };
  };
  const nine = registry.signed.targets['raspberrypi4-64-lmp-9'];
  registry.signed.targets['intel-corei7-64-lmp-9'] = {
    ...nine,
    custom: { ...nine?.custom, hardwareIds: ['intel-corei7-64'] },
  };
  writeFileSync(join(cwd, 'targets.json'), JSON.stringify(registry));
  assert.is(
    (await targets('list', '--by-tag', 'master')).stdout.split('\n')[2]?.split(/ +/).slice(0, 3).join(' '),
    '9 raspberrypi4-64,intel-corei7-64 master',
  );
  const below = join(cwd, 'ostree/repo');
  assert.is(nearestPlan(below), join(cwd, 'plan.yml'));
  writeFileSync(join(cwd, 'release-plan.yml'), 'x');
  assert.is(nearestPlan(below), join(cwd, 'release-plan.yml'));
});

test('a plan without fleet has no devices to ask; fleets of every form serve', async () => {
  const { cwd, targets } = await example();
  const plan = parse(readFileSync(join(cwd, 'plan.yml'), 'utf8')) as Record<string, unknown>;
  writeFileSync(
    join(cwd, 'status.json'),
    JSON.stringify({
      'tags': [{ name: 'promoted', targets: [{ 'version': 7, 'devices': 2, 'is-orphan': false }] }],
      'prod-tags': [],
      'wave-tags': [],
    }),
  );
  writeFileSync(join(cwd, 'status.yml'), stringify({ ...plan, fleet: { command: 'cat status.json' } }));
  assert.match(
    (await targets('static-deltas', '9', '--by-tag', 'promoted', '--dry-run', '--run-commands', '--plan', 'status.yml'))
      .stdout,
    /:\n {3}7 -> 9\n$/,
  );
  const { fleet: _fleet, ...alone } = plan;
  writeFileSync(join(cwd, 'alone.yml'), stringify(alone));
  assert.match(
    codeOf(await targets('static-deltas', '9', '--by-tag', 'promoted', '--plan', 'alone.yml')),
    /^2 fleet-missing/,
  );
  assert.match(
    (await targets('static-deltas', '9', '5', '--dry-run', '--plan', 'alone.yml')).stdout,
    /:\n {3}5 -> 9\n$/,
  );
});

test('apply makes an OSTree plan true, reports on devices and bytes, and has nothing to do again', async () => {
  const { cwd, targets } = await example();
  const apply = (...argv: string[]): Promise<CommandRun> =>
    runCommand(registerApply, ['apply', 'plan.yml', ...argv], { cwd });
  const dry = await apply('--dry-run');
  assert.match(
    dry.stdout,
    /3 steps\n {2}delta 7 -> 9 \(ostree\) +required by tag promoted; it is missing\n {2}delta 5 -> 9 \(ostree\)/,
  );
  const first = await apply('--json');
  assert.is(first.failure, undefined);
  const { plans } = JSON.parse(first.stdout) as { plans: Array<{ exitCode: number; report: ConsistencyReport }> };
  const report = plans[0]?.report;
  assert.equal([plans[0]?.exitCode, report?.consistent], [0, true]);
  assert.equal(
    report?.sizes.map(({ from, to, devices, sendBytes, fullBytes }) => [from, to, devices, sendBytes < fullBytes]),
    [
      ['7', '9', 3, true],
      ['5', '9', 2, true],
    ],
  );
  const rows = report?.checks.filter((row) => row.check === 'devices').map((row) => row.detail) ?? [];
  assert.match(rows[0] ?? '', /^6 devices: 5 by delta, 1 by full image/);
  assert.ok(rows.includes('3 run raspberrypi4-64-lmp-7'));
  assert.match(rows.at(-1) ?? '', /to send with deltas, .* without/);
  assert.match((await apply()).stdout, /^Nothing to do/);
  assert.is((await targets('tag', '-T', 'promoted', '--by-version', '9')).exitCode, 0);

  // A delta that rots afterwards, and a version that nobody has built.
  const repo = join(cwd, 'ostree/repo');
  const [delta = ''] = (await ostree(repo, 'static-delta', 'list')).split('\n');
  await run('sh', ['-c', `for f in "${repo}"/deltas/*/*/0; do printf x > "$f"; done`]);
  assert.ok(delta.length > 64);
  assert.match((await apply('--dry-run')).stdout, /required by tag promoted; it is broken/);
  const plan = parse(readFileSync(join(cwd, 'plan.yml'), 'utf8')) as { deltas: object[] };
  writeFileSync(
    join(cwd, 'plan.yml'),
    stringify({ ...plan, deltas: [...plan.deltas, { to: '9', from: ['5', '7'], engine: 'ostree' }] }),
  );
  writeFileSync(
    join(cwd, 'misspelt.yml'),
    stringify({ ...plan, ostree: { repo: 'ostree/repo', branch: 'raspberypi4-64-lmp' } }),
  );
  assert.match(codeOf(await runCommand(registerApply, ['apply', 'misspelt.yml'], { cwd })), /^2 ostree-ref-unknown/);
  const repaired = await apply();
  assert.is(repaired.exitCode, 0);
  await run('sed', ['-i', 's/"version": "5"/"version": "4"/', join(cwd, 'targets.json')]);
  assert.is((await apply()).exitCode, 4);
});

test('a SWUpdate product: archived versions are Targets, devices decide the deltas, the tag waits for them', async () => {
  const { dir, edit } = product('targets');
  edit((content) => {
    content.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }];
    content.deltas = [];
    content.fleet = 'devices.csv';
  });
  writeFileSync(
    join(dir, 'devices.csv'),
    'name,tag,version\ndoor-1,promoted,0.1.0\ndoor-2,promoted,0.1.0\ndoor-3,promoted,0.0.9\n',
  );
  const built = await runCommand(registerApply, ['apply', 'plan.yml'], { cwd: dir });
  assert.is(built.failure, undefined);
  const targets = (...argv: string[]): Promise<CommandRun> =>
    runCommand(registerTargets, ['targets', ...argv], { cwd: dir });

  assert.match((await targets('list')).stdout, /0\.1\.0 {4}promoted\n0\.2\.0\n/);
  const dry = await targets('static-deltas', '0.2.0', '--by-tag', 'promoted', '--dry-run');
  assert.match(dry.stdout, /:\n {3}0\.1\.0 -> 0\.2\.0\n$/);
  assert.match(said(dry), '3 devices: 2 by delta, 1 by full image, 0 up to date');
  assert.match(
    codeOf(await targets('tag', '-T', 'promoted', '--by-version', '0.2.0')),
    /^4 promotion-blocked: the delta 0.1.0 -> 0.2.0, which 2 devices on promoted require, is missing/,
  );
  const made = await targets('static-deltas', '0.2.0', '--by-tag', 'promoted');
  assert.equal([made.failure, made.stdout], [undefined, '1 of 1 required deltas made and proven.\n']);
  assert.is((await targets('tag', '-T', 'promoted', '--by-version', '0.2.0')).exitCode, 0);
  assert.match(codeOf(await targets('prune', '--by-tag', 'promoted')), /^2 usage: the Targets of a SWUpdate product/);
  assert.match((await targets('static-deltas', '0.2.0', '--by-tag', 'promoted')).stdout, /^Nothing to do/);

  // In apply the devices on a tag decide, not the versions that the plan gives the tag to.
  edit((content) => {
    content.versions = [{ version: '0.1.0' }, { version: '0.2.0' }];
    content.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
  });
  const again = await runCommand(registerApply, ['apply', 'plan.yml', '--json'], { cwd: dir });
  const { plans } = JSON.parse(again.stdout) as { plans: Array<{ report: ConsistencyReport }> };
  assert.equal(
    plans[0]?.report.sizes.map(({ from, to, devices }) => [from, to, devices]),
    [['0.1.0', '0.2.0', 2]],
  );
  assert.match(
    plans[0]?.report.checks.find((row) => row.check === 'devices')?.detail ?? '',
    /^3 devices: 2 by delta, 1 by full package/,
  );
});

test.run();
