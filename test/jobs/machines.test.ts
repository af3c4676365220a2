/** Two machines of one product, in one archive: one fleet, one tag, and each plan judges its own devices. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import type { ConsistencyReport } from '../../src/core/report.ts';
import { MACHINE, product, type PlanYaml } from '../support/product.ts';

const test = suite('jobs: several machines');
const OTHER = 'tolomeo-arm64';
const VERSIONS = [{ version: '0.1.0' }, { version: '0.2.0' }];

const here = product('machines', 1);

/** Each machine's plan; both builds are in one build directory, one after the other. */
function writePlans(change: (plan: PlanYaml) => void = () => undefined): void {
  here.edit((plan) => {
    plan.fleet = 'devices.json';
    plan.targets = 'targets.json';
    plan.versions = VERSIONS;
    plan.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
    change(plan);
    const kas = plan.kas as { config: string[] };
    const machine = 'kas/other-machine.yml';
    writeFileSync(join(here.dir, machine), `header:\n  version: 1\nmachine: ${OTHER}\n`);
    const config = [...kas.config, machine];
    writeFileSync(join(here.dir, 'other.yml'), stringify({ ...plan, machine: OTHER, kas: { ...kas, config } }));
  });
}

const device = (name: string, machine: string, version: string): object => ({
  name,
  'tag': 'promoted',
  'target-name': `${machine}-image-prod-${version}`,
  'hardware-id': machine,
});

const fleet = (...devices: object[]): void =>
  writeFileSync(join(here.dir, 'devices.json'), JSON.stringify({ devices }));

interface Applied {
  plans: Array<{ exitCode: number; report: ConsistencyReport }>;
}

test('both end consistent, and each counts the devices of its own hardware', async () => {
  writePlans();
  fleet(device('a', MACHINE, '0.1.0'), device('b', MACHINE, '0.1.0'), device('c', OTHER, '0.1.0'));
  const first = await here.run(['apply', 'plan.yml', 'other.yml']);
  assert.is(first.exitCode, 0, first.stderr);
  const again = await here.run(['apply', 'plan.yml', 'other.yml', '--json']);
  assert.is(again.exitCode, 0, again.stderr);
  const { plans } = JSON.parse(again.stdout) as Applied;
  assert.equal(
    plans.map(({ report }) => [report.machine, report.consistent, report.sizes.map((row) => row.devices)]),
    [
      [MACHINE, true, [2]],
      [OTHER, true, [1]],
    ],
  );
  const counted = plans.map(({ report }) => report.checks.find((row) => row.subject === 'promoted -> 0.2.0')?.detail);
  assert.match(counted[0] ?? '', /^2 devices: 2 by delta/);
  assert.match(counted[1] ?? '', /^1 device: 1 by delta/);
});

test('the tag moves for both, guarded by the archive of each', async () => {
  const moved = await here.run(['targets', 'tag', '-T', 'promoted', '--by-version', '0.2.0', '--plan', 'plan.yml']);
  assert.is(moved.exitCode, 0, moved.stderr);
  assert.equal(moved.stdout.trim().split('\n').length, 2);
});

test('devices that name only a Target are told apart by it', async () => {
  fleet(
    { 'name': 'a', 'tag': 'promoted', 'target-name': `${MACHINE}-image-prod-0.1.0` },
    { 'name': 'c', 'tag': 'promoted', 'target-name': `${OTHER}-image-prod-0.1.0` },
  );
  const run = await here.run(['apply', 'plan.yml', 'other.yml', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  const { plans } = JSON.parse(run.stdout) as Applied;
  assert.equal(
    plans.map(({ report }) => report.sizes.map((row) => row.devices)),
    [[1], [1]],
  );
});

test('an inconsistent plan keeps no other from its release; the worst exit code is that of all', async () => {
  fleet(device('a', MACHINE, '0.1.0'), device('c', OTHER, '0.1.0'), 7 as unknown as object);
  const both = await here.run(['apply', 'plan.yml', 'other.yml', '--json']);
  assert.is(both.exitCode, 4, both.stderr);
  assert.equal(
    (JSON.parse(both.stdout) as Applied).plans.map((one) => one.exitCode),
    [4, 4],
  );
  // A disk or a tool stands in the way of every plan: 5 comes before 4, wherever it is met.
  writeFileSync(
    join(here.dir, 'broken.yml'),
    readFileSync(here.plan, 'utf8').replace('fleet: devices.json', 'fleet:\n  command: exit 3'),
  );
  const worst = await here.run(['apply', 'broken.yml', 'plan.yml', '--keep-going', '--nightly']);
  assert.is(worst.exitCode, 5, worst.stderr);
});

test.run();
