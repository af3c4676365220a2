/** `verify` as a user runs it: what it looks at, and that it finds every kind of damage. */
import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { flip } from '../support/flip.ts';
import { filesBelow, type CliResult } from '../support/product.ts';

const test = suite('steps/verify');

let here: ArchivedProduct;
let pristine: string;

interface Row {
  check: string;
  subject: string;
  result: string;
  detail: string;
}

const failing = (run: CliResult): Row[] =>
  (JSON.parse(run.stdout) as { checks: Row[] }).checks.filter((row) => row.result === 'fail');
const rowsOf = (run: CliResult, check: string): Row[] =>
  (JSON.parse(run.stdout) as { checks: Row[] }).checks.filter((row) => row.check === check);

test.before(async () => {
  here = await archivedProduct('verify');
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true, preserveTimestamps: true });
});

test.after.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true, preserveTimestamps: true });
});

test('a whole archive passes, says how much was read and how fast, and is not written to', async () => {
  const before = filesBelow(here.archive);
  const run = await here.run(['verify', 'plan.yml']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.match(run.stdout, 'consistent: ');
  assert.match(run.stderr, /done: \d[\d.]* [KM]iB, \d[\d.]* [KM]iB\/s/);
  assert.not.match(run.stderr, 'apply rootfs.delta');
  assert.equal(filesBelow(here.archive), before);
});

test('--deep applies every delta, bare and gzipped', async () => {
  const run = await here.run(['verify', 'plan.yml', '--deep', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(
    rowsOf(run, 'delta').map((row) => `${row.subject} ${row.detail.split(':')[0]} ${row.result}`),
    ['0.1.0', '0.2.0'].flatMap((from) =>
      ['rootfs.delta', 'rootfs.delta.gz'].map((file) => `${from} -> 0.3.0 ${file} pass`),
    ),
  );
});

test('what the plan does not name is looked at too', async () => {
  here.edit((plan) => {
    plan.versions = plan.versions.slice(1);
  });
  flip(here.image('0.1.0'));
  flip(join(here.update('0.1.0'), 'rootfs.delta'));
  const run = await here.run(['verify', 'plan.yml', '--json']);
  here.edit((plan) => void plan.versions.unshift({ version: '0.1.0', tags: ['promoted'] }));
  assert.is(run.exitCode, 4);
  assert.equal(
    failing(run).map((row) => `${row.check} ${row.subject}`),
    ['archive 0.1.0', 'delta 0.1.0 -> 0.3.0'],
  );
});

test('each file of a version and of an update: flipped, truncated, deleted, or replaced by a link, is named', async () => {
  const damages: Array<[string, (path: string) => void]> = [
    ['flipped', flip],
    ['longer', (path) => appendFileSync(path, 'x')],
    ['deleted', (path) => rmSync(path)],
    [
      'a link',
      (path) => {
        renameSync(path, `${here.dir}/elsewhere`);
        symlinkSync(`${here.dir}/elsewhere`, path);
      },
    ],
  ];
  const files = filesBelow(join(here.archive, '0.3.0')).filter((file) => !file.includes('from_0.1.0'));
  assert.is(files.length, 12);
  // Every file at once, each kind of damage on another quarter of them, in four runs: each meets each.
  for (let shift = 0; shift < damages.length; shift += 1) {
    const hit = files.filter((file) => !file.endsWith('.json'));
    for (const [at, file] of hit.entries())
      damages[(at + shift) % damages.length]?.[1](join(here.archive, '0.3.0', file));
    const run = await here.run(['verify', 'plan.yml', '--json']);
    assert.is(run.exitCode, 4);
    const said = failing(run)
      .map((row) => row.detail)
      .join('\n');
    for (const file of hit) assert.match(said, join(here.archive, '0.3.0', file));
    rmSync(here.archive, { recursive: true });
    cpSync(pristine, here.archive, { recursive: true });
  }
  for (const manifest of ['manifest.json', 'updates/from_0.2.0/delta-info.json']) {
    flip(join(here.archive, '0.3.0', manifest));
    assert.match(
      failing(await here.run(['verify', 'plan.yml', '--json']))
        .map((row) => row.detail)
        .join('\n'),
      `${join(here.archive, '0.3.0', manifest)} `,
    );
  }
});

test(
  'a package that another key signed fails; one that nothing requires any more is held against the key ' +
    'of its time',
  async () => {
    here.edit((plan) => void (plan.signing = { ...plan.signing, public: join(here.keys, 'other.crt') }));
    const required = await here.run(['verify', 'plan.yml', '--json']);
    assert.is(required.exitCode, 4);
    assert.equal(
      failing(required).map((row) => `${row.check} ${row.subject}`),
      ['swu 0.1.0 -> 0.3.0', 'swu 0.2.0 -> 0.3.0'],
    );
    here.edit((plan) => void (plan.deltas = []));
    const unrequired = await here.run(['verify', 'plan.yml', '--json']);
    here.edit((plan) => {
      plan.deltas = [{ to: '0.3.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
      plan.signing = { ...plan.signing, public: join(here.keys, 'ec.crt') };
    });
    assert.is(unrequired.exitCode, 0, unrequired.stdout);
    assert.equal(
      rowsOf(unrequired, 'swu').map((row) => row.result),
      ['not-checked', 'not-checked'],
    );
  },
);

test('a folder that is no version is told of, and no failure', async () => {
  mkdirSync(join(here.archive, 'notes'));
  const run = await here.run(['verify', 'plan.yml']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.match(run.stderr, 'notes');
});

test.run();
