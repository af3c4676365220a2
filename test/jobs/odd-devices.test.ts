/** One device never stops a fleet: what reports no version takes the full image, and is named. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConsistencyReport } from '../../src/core/report.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';

const test = suite('odd devices');

let here: ArchivedProduct;

const ROWS = ['a,promoted,0.1.0', 'b,promoted,v0.1.0', 'c,promoted,dev', 'd,promoted,2024-01-05', 'a,promoted,0.1.0'];

const fleet = (rows: readonly string[], more: object = {}): void => {
  writeFileSync(join(here.dir, 'fleet.csv'), `uuid,tag,version\n${rows.join('\n')}\n`);
  here.edit((plan) => void (plan.fleet = { file: 'fleet.csv', ...more }));
};

test.before(async () => {
  here = await archivedProduct('odd-devices', ['0.1.0', '0.2.0']);
  here.edit((plan) => {
    plan.retention = { keep_last: 1 };
    // Devices without a delta take it.
    plan.swu = { ...plan.swu, full: true };
    // The zeros of small packages are most of both.
    plan.deltas = plan.deltas.map((one) => ({ ...one, max_share: '100%' }));
  });
});

test('v0.1.0, dev and a date take the full image; a device listed twice is one; each is named by file and line', async () => {
  fleet(ROWS);
  await here.run(['apply', 'plan.yml']);
  const run = await here.run(['report', 'plan.yml', '--format', 'json']);
  assert.is(run.exitCode, 0, run.stderr);
  const { checks, consistent } = JSON.parse(run.stdout) as ConsistencyReport;
  assert.ok(consistent);
  const details = checks.filter((row) => row.check === 'devices').map((row) => row.detail);
  assert.match(details.join('\n'), '4 devices: 1 by delta, 3 by full package');
  const warnings = details.join('\n');
  for (const [line, name] of [
    [3, 'b'],
    [4, 'c'],
    [5, 'd'],
  ])
    assert.match(warnings, `fleet.csv:${line}: the device ${name} reports a version that is none`);
  assert.match(warnings, 'fleet.csv:6: the device a is listed more than once');
});

for (const args of [
  ['plan', 'plan.yml'],
  ['apply', 'plan.yml'],
  ['apply', 'plan.yml', '--nightly'],
  ['verify', 'plan.yml'],
  ['validate', 'plan.yml', '--with-archive'],
]) {
  test(`${args.join(' ')} goes on with the rest`, async () => {
    fleet(ROWS);
    const run = await here.run(args);
    assert.is(run.exitCode, 0, run.stderr + run.stdout);
  });
}

test('gc refuses to guess, unless such devices are listed under fleet.ignore', async () => {
  fleet(ROWS);
  const refused = await here.run(['gc', 'plan.yml', '--dry-run']);
  assert.is(refused.exitCode, 5);
  assert.match(refused.stderr, 'gc-undecided');
  fleet(ROWS, { ignore: ['b', 'c', 'd'] });
  const run = await here.run(['gc', 'plan.yml', '--dry-run']);
  assert.is(run.exitCode, 0, run.stderr);
});

test('the codes say what to do', async () => {
  assert.match((await here.run(['explain', 'fleet-version-odd'])).stdout, 'fleet.ignore');
  assert.is((await here.run(['explain', 'fleet-device-repeated'])).exitCode, 0);
});

test.run();
