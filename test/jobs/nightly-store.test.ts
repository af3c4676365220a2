/** `apply --nightly` with a store behind the archive: its share of the store, by a clock of the test's own. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoreRead } from '../../src/archive/store-read.ts';
import { objectName } from '../../src/hosts/store/names.ts';
import { digestFile } from '../../src/io/hash.ts';
import { nightInWords } from '../../src/report/night-text.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { flip } from '../support/flip.ts';
import { DAY_MS, FIRST, nightOf, type Evening } from '../support/nights.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('nightly with a store');

const VERIFY_DAYS = 4;

let here: ArchivedProduct;
let pristine: string;
let root: string;

/** @param days since the first night */
const night = async (days: number): Promise<Evening> => await nightOf(here, days);

const recordFile = (): string => join(here.archive, 'store-read.json');
const record = (): StoreRead => JSON.parse(readFileSync(recordFile(), 'utf8')) as StoreRead;
const objectOf = async (file: string): Promise<string> => join(root, objectName((await digestFile(file)).sha256));

test.before(async () => {
  here = await archivedProduct('nightly-store');
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true });
});

test.before.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true });
  root = scratch('nightly-store');
  here.edit((yaml) => {
    yaml.verify_days = VERIFY_DAYS;
    yaml.artifacts = { path: 'artifacts', store: `file://${root}` };
  });
});

test('everything in the store is read within verify_days, a share each night, whatever becomes of the folder', async () => {
  let readBytes = 0;
  let storedBytes = 0;
  for (let days = 0; days <= VERIFY_DAYS + 2; days += 1) {
    const found = await night(days);
    assert.is(found.exitCode, 0, found.said);
    const { store } = found.night;
    assert.ok(store !== undefined && store.readBytes > 0 && store.readBytes < store.storedBytes, JSON.stringify(store));
    readBytes += store.readBytes;
    ({ storedBytes } = store);
    const times = Object.values(record().manifests);
    // Three versions and two updates.
    assert.is(times.length, 5);
    for (const at of times)
      assert.ok(FIRST + (days + 1) * DAY_MS - Date.parse(at) <= VERIFY_DAYS * DAY_MS, `${at} after ${days} nights`);
    // As a host that runs one night has it.
    if (days === 1) rmSync(here.archive, { recursive: true });
  }
  assert.ok(readBytes > storedBytes, `${readBytes} of ${storedBytes}`);
});

test('what is damaged in the store and whole here is sent again', async () => {
  await night(0);
  const object = await objectOf(here.image('0.1.0'));
  flip(object);
  let found = await night(1);
  for (let days = 2; found.night.store?.problems.length === 0 && days <= VERIFY_DAYS; days += 1)
    found = await night(days);
  assert.is(found.exitCode, 0, found.said);
  assert.equal(
    found.night.store?.problems.map(({ subject, isRepaired }) => [subject, isRepaired]),
    [['0.1.0', true]],
  );
  assert.match(nightInWords(found.night), /^REPAIRED file:\S+\/objects\/\S+ has the sha256 [0-9a-f]{64} \(0\.1\.0\)$/m);
  assert.is((await digestFile(object)).sha256, (await digestFile(here.image('0.1.0'))).sha256);
  assert.equal(record().damaged, []);
});

test('what is missing in the store and nowhere whole is named each night until it is there again', async () => {
  // Of a version that no update needs any more, so that no step would stop at it.
  here.edit((yaml) => void yaml.versions.shift());
  await night(0);
  const object = await objectOf(here.image('0.1.0'));
  rmSync(object);
  rmSync(here.image('0.1.0'));
  let days = 1;
  let found = await night(days);
  while (found.exitCode === 0 && days < 2 * VERIFY_DAYS) found = await night((days += 1));
  assert.ok(days <= VERIFY_DAYS, `found after ${days} nights`);
  for (const one of [found, await night(days + 0.1)]) {
    assert.is(one.exitCode, 4, one.said);
    assert.match(nightInWords(one.night), /^DAMAGED file:\S+\/objects\/\S+ is missing \(0\.1\.0\)$/m);
    assert.match(one.said, 'is missing');
  }
  assert.is(record().damaged.length, 1);
  cpSync(join(pristine, '0.1.0', here.image('0.1.0').split('/').at(-1) ?? ''), object);
  const healed = await night(days + 0.2);
  assert.equal([healed.exitCode, healed.night.store?.problems], [0, []], healed.said);
  assert.equal(record().damaged, []);
});

test('a record that was altered says nothing, and one of the future neither', async () => {
  await night(0);
  const shared = join(root, 'documents', here.archive.split('/').slice(-2).join('/'), 'store-read.json');
  assert.ok(existsSync(shared), shared);
  const [first = ''] = Object.keys(record().manifests);
  const text = readFileSync(recordFile(), 'utf8').replace(new RegExp(`("${first}": ")\\d{4}`), '$12999');
  for (const file of [recordFile(), shared]) writeFileSync(file, text);
  const found = await night(1);
  assert.is(found.exitCode, 0, found.said);
  assert.ok(Object.values(record().manifests).every((at) => Date.parse(at) <= FIRST + DAY_MS));
});

test.run();
