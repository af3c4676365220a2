import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerInit } from '../../src/commands/init.ts';
import { InvalidPlanError, ReleasePlanError } from '../../src/core/errors.ts';
import { loadPlan, requirePlan } from '../../src/plan/load.ts';
import { runCommand } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: init');
const init = (cwd: string, ...args: string[]) => runCommand(registerInit, ['init', ...args], { cwd });

test('the first plan lacks nothing but its kas file', async () => {
  const dir = scratch('init');
  const { exitCode, stdout } = await init(dir, 'product');
  assert.is(exitCode, 0);
  assert.match(stdout, 'release-plan validate product/plan.yml');
  const { diagnostics } = await loadPlan('product/plan.yml', { cwd: dir });
  assert.equal(
    diagnostics.map((one) => one.code),
    ['path-missing'],
  );
  mkdirSync(join(dir, 'product/kas'));
  writeFileSync(join(dir, 'product/kas/qemux86-64_poky_core-image-minimal.yml'), '');
  const { plan, diagnostics: none } = await requirePlan('product/plan.yml', { cwd: dir });
  assert.equal(none, []);
  assert.is(plan.product, 'product');
});

test('machine, distro and image come from the kas file, and flags go before it', async () => {
  const dir = scratch('init-kas');
  writeFileSync(
    join(dir, 'base.yml'),
    'header: { version: 12 }\nmachine: board\ndistro: demo\ntarget: [image-prod, other]\n',
  );
  await init(dir, '--kas', 'base.yml', '--distro', 'demo-prod', '--product', 'gateway');
  const { plan } = await requirePlan('plan.yml', { cwd: dir, checkFiles: false });
  assert.equal(
    [plan.product, plan.machine, plan.distro, plan.image, plan.kas?.config],
    ['gateway', 'board', 'demo-prod', 'image-prod', [join(dir, 'base.yml')]],
  );
});

test('an OSTree plan is one', async () => {
  const dir = scratch('init-ostree');
  await init(dir, '--ostree', '--machine', 'raspberrypi4-64');
  const { plan } = await loadPlan('plan.yml', { cwd: dir });
  assert.is(plan?.ostree?.branch, 'poky/raspberrypi4-64');
});

test('the schema line names a file that is there, wherever release-plan is installed', async () => {
  const dir = scratch('init-schema');
  const { stdout } = await init(dir, 'product');
  const [line = ''] = readFileSync(join(dir, 'product/plan.yml'), 'utf8').split('\n');
  const reference = line.replace('# yaml-language-server: $schema=', '');
  const schema: unknown = JSON.parse(readFileSync(join(dir, 'product', reference), 'utf8'));
  assert.is((schema as { title: string }).title, 'release-plan');
  assert.match(stdout, /^Created \S*schemas\/release-plan\.schema\.json, for editors/m);
  // A copy that is there is the user's own.
  writeFileSync(join(dir, 'product', reference), '{}');
  await init(dir, 'product', '--file', 'other.yml');
  assert.is(readFileSync(join(dir, 'product', reference), 'utf8'), '{}');
});

test('nothing is overwritten', async () => {
  const dir = scratch('init-twice');
  writeFileSync(join(dir, 'plan.yml'), 'mine');
  const { failure } = await init(dir);
  assert.is((failure as ReleasePlanError).code, 'plan-exists');
  assert.is(readFileSync(join(dir, 'plan.yml'), 'utf8'), 'mine');
});

test('a value that cannot stand in a plan is refused, and nothing is written', async () => {
  const dir = scratch('init-bad');
  const { failure } = await init(dir, '--machine', 'a"\nb: ../c');
  assert.instance(failure, InvalidPlanError);
  assert.equal(
    (failure as InvalidPlanError).diagnostics.map((one) => one.message.split(' ', 1)[0]),
    ['machine', 'kas.config'],
  );
  assert.is((await loadPlan('plan.yml', { cwd: dir })).diagnostics[0]?.code, 'plan-not-found');
});

test('an unreadable kas file is told', async () => {
  const { failure } = await init(scratch('init-no-kas'), '--kas', 'nowhere.yml');
  assert.is((failure as ReleasePlanError).code, 'usage');
});

test.run();
