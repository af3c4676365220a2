/** `verify --repair`: what can be made again is the same as before, what cannot is named and left. */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { takeLock } from '../../src/io/lock.ts';
import { IMAGE, archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { filesBelow, type CliResult } from '../support/product.ts';

const test = suite('steps/repair');

let here: ArchivedProduct;
let pristine: string;

interface Document {
  consistent: boolean;
  repairs: Array<{ what: string; result: string; detail: string }>;
}

const documentOf = (run: CliResult): Document => JSON.parse(run.stdout) as Document;
const results = (run: CliResult): string[] =>
  documentOf(run).repairs.map(({ what, result }) => `${what.replace(`${here.archive}/`, '')} ${result}`);
const repair = async (...flags: string[]): Promise<CliResult> =>
  await here.run(['verify', 'plan.yml', '--repair', '--json', ...flags]);

test.before(async () => {
  here = await archivedProduct('repair');
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true });
});

test.before.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true });
});

/** Files that are not byte for byte what they were. */
const changed = (folder: string): string[] =>
  filesBelow(join(pristine, folder)).filter((file) => {
    const path = join(here.archive, folder, file);
    return (
      !filesBelow(join(here.archive, folder)).includes(file) ||
      !readFileSync(path).equals(readFileSync(join(pristine, folder, file)))
    );
  });

test('signatures and build-info.txt are made again, byte for byte; links give way to files', async () => {
  writeFileSync(join(here.archive, '0.1.0/rootfs.signature'), 'rot');
  rmSync(join(here.archive, '0.2.0/build-info.txt'));
  symlinkSync('/etc/hostname', join(here.archive, '0.2.0/build-info.txt'));
  rmSync(join(here.archive, '0.2.0/rootfs.signature'));
  const run = await repair();
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(results(run).sort(), [
    '0.1.0/rootfs.signature repaired',
    '0.2.0/build-info.txt repaired',
    '0.2.0/rootfs.signature repaired',
  ]);
  assert.equal([changed('0.1.0'), changed('0.2.0')], [[], []]);
});

test('a damaged update is made again and proven; one that nothing requires, too', async () => {
  writeFileSync(join(here.update('0.1.0'), 'rootfs.delta'), 'rot');
  rmSync(join(here.update('0.2.0'), 'delta-info.json'));
  here.edit((plan) => void (plan.deltas = [{ to: '0.3.0', from: ['0.1.0'], engine: 'rdiff' }]));
  const run = await repair('--deep');
  here.edit((plan) => void (plan.deltas = [{ to: '0.3.0', from: { tag: 'promoted' }, engine: 'rdiff' }]));
  assert.is(run.exitCode, 0, run.stdout);
  assert.equal(results(run), ['0.1.0 -> 0.3.0 repaired', '0.2.0 -> 0.3.0 repaired']);
  assert.equal(
    changed('0.3.0').filter((file) => file.endsWith('rootfs.delta')),
    [],
  );
  assert.is((await here.run(['verify', 'plan.yml', '--deep'])).exitCode, 0);
});

test('an image that an archived delta leads to is given back, bit for bit, and what is made from it then', async () => {
  writeFileSync(here.image('0.3.0'), 'rot');
  writeFileSync(join(here.archive, '0.3.0/rootfs.signature'), 'rot');
  writeFileSync(join(here.update('0.1.0'), 'rootfs.delta'), 'rot');
  const run = await repair();
  assert.is(run.exitCode, 0, run.stdout);
  assert.equal(results(run), [`0.3.0/${IMAGE} repaired`, '0.3.0/rootfs.signature repaired', '0.1.0 -> 0.3.0 repaired']);
  assert.match(documentOf(run).repairs[0]?.detail ?? '', 'reconstructed by the archived delta from 0.2.0');
  assert.equal(
    changed('0.3.0').filter((file) => file.endsWith('.squashfs') || file.endsWith('.signature')),
    [],
  );
});

test('a base image, a collected file and a manifest are beyond repair: named, and left as they are', async () => {
  writeFileSync(here.image('0.1.0'), 'rot');
  writeFileSync(join(here.archive, '0.2.0/collected.txt'), 'rot');
  writeFileSync(join(here.archive, '0.3.0/manifest.json'), '{}');
  const run = await repair();
  assert.is(run.exitCode, 4);
  assert.equal(results(run), [
    `0.1.0/${IMAGE} beyond-repair`,
    '0.2.0/collected.txt beyond-repair',
    '0.3.0/manifest.json was modified: it does not match its own digest beyond-repair',
  ]);
  assert.is(readFileSync(here.image('0.1.0'), 'utf8'), 'rot');
  assert.not.ok(documentOf(run).consistent);
});

test('a signature is not made from an image that is damaged itself', async () => {
  writeFileSync(here.image('0.1.0'), 'rot');
  rmSync(join(here.archive, '0.1.0/rootfs.signature'));
  const run = await repair();
  assert.equal(results(run), [`0.1.0/${IMAGE} beyond-repair`, '0.1.0/rootfs.signature beyond-repair']);
  assert.not.ok(filesBelow(here.archive).includes('0.1.0/rootfs.signature'));
});

test('nothing is repaired while another run holds the archive', async () => {
  writeFileSync(join(here.archive, '0.1.0/rootfs.signature'), 'rot');
  const lock = await takeLock(join(here.archive, '.release-plan.lock'), 'the test');
  const run = await repair();
  await lock.release();
  assert.is(run.exitCode, 5);
  assert.match(run.stderr, 'the test');
  assert.is(readFileSync(join(here.archive, '0.1.0/rootfs.signature'), 'utf8'), 'rot');
  assert.is((await here.run(['verify', 'plan.yml', '--wait'])).exitCode, 2);
});

test.run();
