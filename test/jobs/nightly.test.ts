/** `apply --nightly`: nights pass by a clock of the test's own; everything else is real. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ArchiveMemory } from '../../src/archive/memory.ts';
import { takeLock } from '../../src/io/lock.ts';
import { sealJson } from '../../src/text/json.ts';
import type { DeltaInfo } from '../../src/core/archive.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { flip } from '../support/flip.ts';
import { DAY_MS, FIRST, nightOf, type Evening } from '../support/nights.ts';
import { filesBelow } from '../support/product.ts';

const test = suite('steps/nightly');

const VERIFY_DAYS = 5;

let here: ArchivedProduct;
let pristine: string;
let plan: string;

/** @param days since the first night */
const night = async (days: number): Promise<Evening> => await nightOf(here, days);

const stateFile = (): string => join(here.archive, 'state.json');
const memory = (): ArchiveMemory => JSON.parse(readFileSync(stateFile(), 'utf8')) as ArchiveMemory;

/** A bit that turns on the disk: the file system knows nothing of it, so neither may the state. */
function rot(file: string): void {
  const path = join(here.archive, file);
  flip(path);
  const { mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const { self: _self, ...state } = { ...memory(), self: '' };
  const entry = state.files[file];
  if (entry === undefined) throw new Error(`${file} is not in the state`);
  state.files[file] = { ...entry, mtimeNs: String(mtimeNs), ctimeNs: String(ctimeNs) };
  writeFileSync(stateFile(), sealJson(state));
}

test.before(async () => {
  here = await archivedProduct('nightly');
  here.edit((yaml) => void (yaml.verify_days = VERIFY_DAYS));
  plan = readFileSync(here.plan, 'utf8');
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true });
});

test.before.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true });
  writeFileSync(here.plan, plan);
});

test('the first night reads everything; the next reads a share, and says that nothing changed', async () => {
  const first = await night(0);
  assert.is(first.exitCode, 0, first.said);
  assert.equal([first.night.since, first.night.changes], [undefined, []]);
  assert.is(first.night.readBytes, first.night.archivedBytes);
  const second = await night(1);
  assert.equal([second.exitCode, second.night.since, second.night.changes], [0, '2026-03-01T02:00:00.000Z', []]);
  assert.ok(
    second.night.readBytes > 0 && second.night.readBytes < first.night.readBytes / 2,
    `${second.night.readBytes} of ${first.night.readBytes}`,
  );
  assert.is(filesBelow(here.archive).filter((file) => file.includes('release-plan-tmp')).length, 0);
});

test('night after night everything is read within verify_days', async () => {
  for (let days = 0; days <= VERIFY_DAYS + 2; days += 1) {
    await night(days);
    const files = memory().files;
    assert.is(Object.keys(files).length, 22);
    for (const [file, { readAt }] of Object.entries(files))
      assert.ok(
        FIRST + (days + 1) * DAY_MS - Date.parse(readAt) <= VERIFY_DAYS * DAY_MS,
        `${file} after ${days} nights`,
      );
  }
});

test(
  'rot that the file system does not know of is found within verify_days, named every night from then on, and ' +
    'gone once repaired',
  async () => {
    here.edit((yaml) => void yaml.versions.shift());
    await night(0);
    rot('0.1.0/collected.txt');
    let days = 0;
    let found: Evening;
    do {
      days += 1;
      found = await night(days);
    } while (found.exitCode === 0 && days < 2 * VERIFY_DAYS);
    assert.ok(days <= VERIFY_DAYS, `found after ${days} nights`);
    assert.is(found.exitCode, 4);
    assert.match(found.night.changes.join('\n'), /^0\.1\.0 is damaged: .*collected\.txt was modified/);
    const again = await night(days + 1);
    assert.equal([again.exitCode, again.night.changes, Object.keys(again.night.damaged)], [4, [], ['0.1.0']]);
    cpSync(join(pristine, '0.1.0/collected.txt'), join(here.archive, '0.1.0/collected.txt'));
    const healed = await night(days + 2);
    assert.equal([healed.exitCode, healed.night.changes], [0, ['0.1.0 is intact again']]);
  },
);

test('a change that the file system knows of is found the same night, also with the old time of writing', async () => {
  const written = new Date('2026-02-01T00:00:00Z');
  utimesSync(here.image('0.3.0'), written, written);
  await night(0);
  flip(here.image('0.3.0'));
  utimesSync(here.image('0.3.0'), written, written);
  const found = await night(0.01);
  assert.is(found.exitCode, 4);
  assert.match(JSON.stringify(found.night.damaged), 'was modified');
});

test('what a delta is made of is read, whenever it was read before: nothing is built on rot', async () => {
  await night(0);
  // Not the first in order, which the share of so short a time is.
  rot('0.2.0/image-prod-tolomeo-qemux86-64.squashfs');
  rmSync(here.update('0.2.0'), { recursive: true });
  const found = await night(0.01);
  assert.is(found.exitCode, 4);
  assert.equal(
    found.results.map(({ step, outcome, error }) => [step.kind, outcome.state, error?.code]),
    [
      ['delta', 'failed', 'archive-damaged'],
      ['report', 'done', undefined],
    ],
  );
  assert.equal(filesBelow(here.update('0.2.0')), []);
  // The next night makes nothing of it and would not be due to read it: what is known to be damaged stays named.
  here.edit((yaml) => void (yaml.deltas = []));
  assert.equal(Object.keys((await night(0.02)).night.damaged), ['0.2.0']);
});

test('a corrupt update, and one of an older engine, are made again', async () => {
  await night(0);
  const info = JSON.parse(readFileSync(join(here.update('0.1.0'), 'delta-info.json'), 'utf8')) as DeltaInfo & {
    self: string;
  };
  const { self: _self, ...older } = { ...info, engineVersion: 0 };
  writeFileSync(join(here.update('0.1.0'), 'delta-info.json'), sealJson(older));
  flip(join(here.update('0.2.0'), 'rootfs.delta'));
  const found = await night(1);
  assert.is(found.exitCode, 0, found.said);
  assert.equal(
    found.results.map(({ title, outcome }) => `${title}: ${outcome.state}`),
    ['delta 0.1.0 -> 0.3.0 (rdiff): done', 'delta 0.2.0 -> 0.3.0 (rdiff): done', 'report: done'],
  );
  assert.equal(found.night.changes, ['update 0.1.0 -> 0.3.0 was made again', 'update 0.2.0 -> 0.3.0 was made again']);
});

test('what came, what went, checks that read otherwise, and deltas that nothing needs', async () => {
  await night(0);
  here.edit(
    (yaml) =>
      void (yaml.deltas = [
        { to: '0.3.0', from: ['0.2.0'], engine: 'rdiff' },
        { to: '0.2.0', from: ['0.1.0'], engine: 'rdiff' },
      ]),
  );
  rmSync(join(here.archive, '0.1.0/rootfs.signature'));
  const found = await night(1);
  assert.is(found.exitCode, 4);
  assert.equal(
    found.night.unneeded?.map(({ pair }) => pair),
    ['0.1.0 -> 0.3.0'],
  );
  assert.match(found.night.changes.join('\n'), 'check archive 0.1.0: pass -> fail');
  cpSync(join(pristine, '0.1.0/rootfs.signature'), join(here.archive, '0.1.0/rootfs.signature'));
  rmSync(join(here.archive, '0.3.0/updates/from_0.1.0'), { recursive: true });
  here.edit((yaml) => void (yaml.deltas = [{ to: '0.2.0', from: ['0.1.0'], engine: 'rdiff' }]));
  const later = await night(2);
  assert.is(later.exitCode, 0, later.said);
  assert.equal(later.night.changes, [
    'update 0.1.0 -> 0.2.0 was made',
    '0.1.0 -> 0.3.0 is no longer in the archive',
    '0.1.0 is intact again',
    'check archive 0.1.0: fail -> pass',
    'check delta 0.1.0 -> 0.2.0: fail -> pass',
  ]);
});

for (const [what, damage] of Object.entries<() => void>({
  'flipped': () => flip(stateFile()),
  'empty': () => writeFileSync(stateFile(), ''),
  'of another schema': () => writeFileSync(stateFile(), sealJson({ schema: 2, files: [] })),
})) {
  test(`a state that is ${what} is rebuilt, never fatal`, async () => {
    await night(0);
    damage();
    const found = await night(1);
    assert.is(found.exitCode, 0, found.said);
    assert.match(found.said, 'the whole archive is read again');
    assert.is(found.night.readBytes, found.night.archivedBytes);
    assert.is((await night(2)).night.since, '2026-03-02T02:00:00.000Z');
  });
}

test('each night leaves a record, and the page draws them; the newest stay', async () => {
  here.edit((yaml) => void (yaml.retention = { keep_last: 3, keep_runs: 2 }));
  const name = 'tolomeo-plan';
  // That of the apply that made the product is of another time.
  rmSync(join(here.archive, 'reports', name), { recursive: true });
  for (const days of [0, 1, 2]) await night(days);
  const records = filesBelow(join(here.archive, 'reports', name)).filter((one) => /^\d+T/.test(one));
  assert.equal(records, ['20260302T020000Z.json', '20260303T020000Z.json']);
  const page = readFileSync(join(here.archive, 'reports', `${name}.html`), 'utf8');
  assert.match(page, '<time datetime="2026-03-03T02:00:00.000Z">');
  assert.not.match(page, '2026-03-01');
});

test('a record of a night that is damaged spoils no other', async () => {
  await night(0);
  const folder = join(here.archive, 'reports/tolomeo-plan');
  writeFileSync(join(folder, '20260228T020000Z.json'), '{"schema":1,"startedAt":"<script>"}');
  writeFileSync(join(folder, 'notes.txt'), 'not ours');
  assert.is((await night(1)).exitCode, 0);
  assert.ok(existsSync(join(folder, 'notes.txt')));
});

test('what waited in the trash for long enough is emptied; where the fleet cannot be read, nothing is', async () => {
  const old = join(here.archive, '.trash/20260101T000000Z');
  mkdirSync(join(old, '0.0.1'), { recursive: true });
  here.edit((yaml) => void (yaml.fleet = 'devices.json'));
  writeFileSync(join(here.dir, 'devices.json'), JSON.stringify({ devices: [{ name: 'mute', tag: 'other' }] }));
  const unread = await night(0);
  assert.match(unread.said, 'the trash was not emptied');
  assert.equal([unread.night.unneeded, unread.night.emptied, statSync(old).isDirectory()], [undefined, [], true]);
  here.edit((yaml) => void delete yaml.fleet);
  assert.equal((await night(1)).night.emptied, [old]);
});

test('as a timer runs it: a plan whose archive is held keeps no other from its night', async () => {
  writeFileSync(
    join(here.dir, 'held.yml'),
    readFileSync(here.plan, 'utf8').replace(/^artifacts: .*/m, 'artifacts: held'),
  );
  const lock = await takeLock(join(here.archive.replace('/artifacts/', '/held/'), '.release-plan.lock'), 'the test');
  const run = await here.run(['apply', '--nightly', 'held.yml', 'plan.yml', '--json']);
  await lock.release();
  assert.is(run.exitCode, 5);
  const { plans } = JSON.parse(run.stdout) as {
    plans: Array<{ code?: string; exitCode: number; night?: { readBytes: number } }>;
  };
  assert.equal(
    plans.map(({ code, exitCode }) => [code, exitCode]),
    [
      ['locked', 5],
      [undefined, 0],
    ],
  );
  assert.ok((plans[1]?.night?.readBytes ?? 0) > 600_000);
  const words = await here.run(['apply', '--nightly', 'plan.yml']);
  assert.is(words.exitCode, 0, words.stderr);
  assert.match(words.stdout, /verified tonight: .* of .*\nsince .*: nothing changed\n/);
  assert.is((await here.run(['apply', '--nightly', '--only', 'report', 'plan.yml'])).exitCode, 2);
});

test.run();
