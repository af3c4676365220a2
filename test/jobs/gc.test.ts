/** `gc` as a user runs it: what goes, what stays whatever the rule says, and when nothing is touched at all. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { takeLock } from '../../src/io/lock.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { filesBelow, type CliResult } from '../support/product.ts';

const test = suite('steps/gc');

let here: ArchivedProduct;
let pristine: string;

interface Document {
  verdicts: Array<{ subject: string; verdict: string; why: string; sizeBytes: number }>;
  trash?: string;
  expired: string[];
}

const documentOf = (run: CliResult): Document => JSON.parse(run.stdout) as Document;
const removed = (run: CliResult): string[] =>
  documentOf(run)
    .verdicts.filter((one) => one.verdict === 'remove')
    .map((one) => one.subject);
const why = (run: CliResult, subject: string): string =>
  documentOf(run).verdicts.find((one) => one.subject === subject)?.why ?? 'no verdict';
const trashed = (): string[] =>
  filesBelow(join(here.archive, '.trash'))
    .filter((file) => /(manifest|delta-info)\.json$/.test(file))
    .map((file) => file.replace(/^[^/]+\//, ''));
const fleet = (devices: object[]): void => writeFileSync(join(here.dir, 'devices.json'), JSON.stringify({ devices }));

/** The plan keeps 0.4.0 alone, and a delta from 0.3.0. */
const retain = (retention: Record<string, unknown> | undefined, more: Record<string, unknown> = {}): void =>
  here.edit((plan) => {
    plan.versions = [{ version: '0.3.0', tags: ['promoted'] }, { version: '0.4.0' }];
    for (const key of ['retention', 'fleet', 'targets']) delete plan[key];
    Object.assign(plan, more, retention === undefined ? {} : { retention });
  });

test.before(async () => {
  here = await archivedProduct('gc', ['0.1.0', '0.2.0', '0.3.0', '0.4.0']);
  // apply has entered each version in the registry, with its tag; here the tests say what stands there.
  rmSync(join(here.dir, 'artifacts/targets.json'), { force: true });
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true });
});

test.before.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true });
});

test('neither --dry-run nor --yes: says so, exit 2', async () => {
  for (const flags of [[], ['--dry-run', '--yes']]) {
    const run = await here.run(['gc', 'plan.yml', ...flags]);
    assert.is(run.exitCode, 2);
    assert.match(run.stderr, '--dry-run');
  }
});

test('without retention in the plan everything is kept', async () => {
  retain(undefined);
  const run = await here.run(['gc', 'plan.yml', '--yes', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(removed(run), []);
  assert.not.ok(existsSync(join(here.archive, '.trash')));
});

test(
  'what the rule does not keep goes to the trash, in the layout of the archive; --dry-run says the same and ' +
    'moves nothing',
  async () => {
    retain({ keep_last: 1 });
    const before = filesBelow(here.archive);
    const dry = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
    assert.equal(filesBelow(here.archive), before);
    const run = await here.run(['gc', 'plan.yml', '--yes', '--json']);
    assert.is(run.exitCode, 0, run.stderr);
    const gone = ['0.1.0', '0.2.0', '0.1.0 -> 0.4.0', '0.2.0 -> 0.4.0'];
    assert.equal([removed(dry), removed(run)], [gone, gone]);
    assert.equal(trashed(), [
      '0.1.0/manifest.json',
      '0.2.0/manifest.json',
      '0.4.0/updates/from_0.1.0/delta-info.json',
      '0.4.0/updates/from_0.2.0/delta-info.json',
    ]);
    assert.is(why(run, '0.3.0'), 'the plan names it');
    assert.ok(documentOf(run).verdicts.every((one) => one.sizeBytes > 100_000 || one.subject.includes('->')));
    assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 0);

    const batch = documentOf(run).trash ?? '';
    renameSync(join(batch, '0.1.0'), join(here.archive, '0.1.0'));
    assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 0, 'moved back, it is as it was');
  },
);

test('a version that a device runs stays, whatever the rule says; so does the delta that brings the device on', async () => {
  retain({ keep_last: 1, keep_tagged: false, keep_unrequired_deltas: false }, { fleet: 'devices.json' });
  fleet([
    { name: 'a', version: '0.1.0', tag: 'field' },
    { 'name': 'b', 'target-name': 'tolomeo-qemux86-64-image-prod-0.2.0', 'tag': 'field' },
  ]);
  const run = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(removed(run), ['0.1.0 -> 0.4.0', '0.2.0 -> 0.4.0']);
  assert.equal([why(run, '0.1.0'), why(run, '0.2.0')], ['1 device runs it', '1 device runs it']);

  // With a Target that the devices' tag leads to, their deltas are required.
  const target = (version: string, tags: string[]): object => ({
    hashes: { sha256: '0'.repeat(63) + version[2] },
    length: 1,
    custom: {
      version,
      tags,
      hardwareIds: ['tolomeo-qemux86-64'],
      targetFormat: 'SWUPDATE',
      name: 'tolomeo-qemux86-64-image-prod',
    },
  });
  const targets = Object.fromEntries(
    ['0.1.0', '0.2.0', '0.4.0'].map((version) => [
      `tolomeo-qemux86-64-image-prod-${version}`,
      target(version, version === '0.4.0' ? ['field'] : []),
    ]),
  );
  writeFileSync(
    join(here.dir, 'artifacts/targets.json'),
    JSON.stringify({ signatures: [], signed: { _type: 'Targets', version: 1, targets } }),
  );
  const led = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
  rmSync(join(here.dir, 'artifacts/targets.json'));
  assert.equal(removed(led), []);
  assert.is(why(led, '0.1.0 -> 0.4.0'), 'required');
});

test('a tag in the registry keeps a version, unless keep_tagged is false', async () => {
  const registry = {
    signatures: [],
    signed: {
      _type: 'Targets',
      version: 1,
      targets: {
        'tolomeo-qemux86-64-image-prod-0.1.0': {
          hashes: { sha256: '1'.repeat(64) },
          length: 1,
          custom: { version: '0.1.0', tags: ['lts'], hardwareIds: ['tolomeo-qemux86-64'], targetFormat: 'SWUPDATE' },
        },
      },
    },
  };
  writeFileSync(join(here.dir, 'artifacts/targets.json'), JSON.stringify(registry));
  retain({ keep_last: 1 });
  const kept = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
  retain({ keep_last: 1, keep_tagged: false });
  const gone = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
  rmSync(join(here.dir, 'artifacts/targets.json'));
  assert.equal([removed(kept).includes('0.1.0'), removed(gone).includes('0.1.0')], [false, true]);
  assert.match(why(kept, '0.1.0'), 'tag');
});

for (const [what, prepare] of Object.entries<() => void>({
  'is not there': () => rmSync(join(here.dir, 'devices.json'), { force: true }),
  'is cut off': () => writeFileSync(join(here.dir, 'devices.json'), '{"devices":[{"name":"a","version":"0.4.0"}'),
  'has a device that does not say what it runs': () => fleet([{ name: 'a', version: '0.4.0' }, { name: 'mute-7' }]),
  'has a row that is no device': () => fleet([{ name: 'a', version: '0.4.0' }, 7 as unknown as object]),
})) {
  test(`a fleet that ${what}: nothing is removed, not even from the trash`, async () => {
    retain({ keep_last: 1, trash: '1s' });
    mkdirSync(join(here.archive, '.trash/20200101T000000Z/0.0.1'), { recursive: true });
    retain({ keep_last: 1, trash: '1s' }, { fleet: 'devices.json' });
    fleet([]);
    prepare();
    const before = readdirSync(here.archive);
    const run = await here.run(['gc', 'plan.yml', '--yes']);
    assert.is(run.exitCode, 5);
    assert.match(run.stderr, 'gc-undecided');
    assert.equal(readdirSync(here.archive), before);
    assert.ok(existsSync(join(here.archive, '.trash/20200101T000000Z/0.0.1')));
  });
}

test('what the report of another plan names is kept', async () => {
  retain({ keep_last: 1 });
  writeFileSync(
    join(here.archive, 'reports/tolomeo-other.json'),
    JSON.stringify({ scope: { versions: ['0.4.0'], pairs: [{ from: '0.1.0', to: '0.4.0' }] } }),
  );
  assert.equal(removed(await here.run(['gc', 'plan.yml', '--dry-run', '--json'])), ['0.2.0', '0.2.0 -> 0.4.0']);
  // Also one that an older release wrote, which did not say what its plan refers to.
  for (const unclear of ['{', '{"checks":[]}', '{"scope":{"versions":[1],"pairs":[]}}']) {
    writeFileSync(join(here.archive, 'reports/tolomeo-other.json'), unclear);
    const run = await here.run(['gc', 'plan.yml', '--yes']);
    assert.is(run.exitCode, 5);
    assert.match(run.stderr, 'tolomeo-other.json');
  }
});

test('the trash is emptied once its time has come, and not of what devices run again', async () => {
  retain({ keep_last: 10, trash: '1d' }, { fleet: 'devices.json' });
  fleet([{ name: 'a', version: '0.0.2' }]);
  const stamp = (ageHours: number): string =>
    new Date(Date.now() - ageHours * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, '');
  const [fresh, old, back] = [stamp(23), stamp(25), stamp(26)].map((name) => join(here.archive, '.trash', name));
  for (const [dir, version] of [
    [fresh, '0.0.1'],
    [old, '0.0.1'],
    [back, '0.0.2'],
  ] as const) {
    mkdirSync(join(dir ?? '', version), { recursive: true });
    writeFileSync(join(dir ?? '', version, 'manifest.json'), '{}');
  }
  mkdirSync(join(here.archive, '.trash/of-mine'));
  const run = await here.run(['gc', 'plan.yml', '--yes', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(documentOf(run).expired, [old]);
  assert.equal(
    [fresh, old, back, join(here.archive, '.trash/of-mine')].map((dir) => existsSync(dir ?? '')),
    [true, false, true, true],
  );
  assert.match(run.stderr, `mv ${join(back ?? '', '0.0.2')}`);
});

test('a damaged version is not removed; nothing is while another run holds the archive', async () => {
  retain({ keep_last: 1 });
  writeFileSync(join(here.archive, '0.1.0/manifest.json'), '{}');
  const run = await here.run(['gc', 'plan.yml', '--dry-run', '--json']);
  assert.match(why(run, '0.1.0'), 'damaged');
  const lock = await takeLock(join(here.archive, '.release-plan.lock'), 'the test');
  const locked = await here.run(['gc', 'plan.yml', '--yes']);
  await lock.release();
  assert.is(locked.exitCode, 5);
  assert.not.ok(existsSync(join(here.archive, '.trash')));
});

test.run();
