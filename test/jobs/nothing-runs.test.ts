/** What only looks at a plan runs nothing that the plan, or what lies beside it, names; and says what it could not know. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import type { PlanYaml } from '../support/product.ts';

const test = suite('nothing runs');

let here: ArchivedProduct;
let trap: string;

const git = (...args: string[]): string => {
  const options = ['-c', 'user.email=a@b', '-c', 'user.name=n', '-c', 'safe.bareRepository=all'];
  return execFileSync('git', [...options, ...args], { cwd: here.dir, encoding: 'utf8' });
};

test.before(async () => {
  here = await archivedProduct('nothing-runs', ['0.1.0', '0.2.0']);
  trap = join(here.dir, 'trap-sprung');
  writeFileSync(join(here.dir, '.gitignore'), 'artifacts/\n.release-plan/\n');
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message=first');
  here.edit((plan) => void (plan.fleet = { command: `touch '${trap}'; echo uuid,tag,version; echo d,promoted,0.1.0` }));
});

const sprung = (): boolean => {
  const found = existsSync(trap);
  rmSync(trap, { force: true });
  return found;
};

for (const args of [
  ['validate', 'plan.yml', '--with-archive'],
  ['plan', 'plan.yml'],
  ['plan', 'plan.yml', '--against', 'main'],
  ['apply', 'plan.yml', '--dry-run'],
  ['report', 'plan.yml'],
  ['verify', 'plan.yml'],
  ['gc', 'plan.yml', '--dry-run'],
  ['targets', 'tag', '--tags', 'promoted', '--by-version', '0.2.0', '--plan', 'plan.yml', '--dry-run'],
]) {
  test(`${args.join(' ')} leaves fleet.command alone, and runs it when told`, async () => {
    const run = await here.run(args);
    assert.is(sprung(), false, 'it ran the command');
    assert.match(run.stderr + run.stdout, /fleet was not asked|not looked at/);
    await here.run([...args, '--run-commands']);
    assert.ok(sprung(), 'it did not run the command when it was told to');
  });
}

test('validate says that the fleet was not asked, as a warning at its place', async () => {
  const run = await here.run(['validate', 'plan.yml', '--with-archive', '--format', 'json']);
  const found = (JSON.parse(run.stdout) as { diagnostics: Array<{ code: string; severity: string }> }).diagnostics;
  assert.equal(
    found.filter((one) => one.code === 'fleet-not-asked').map((one) => one.severity),
    ['warning'],
  );
});

test('apply, which builds anyway, asks the fleet', async () => {
  await here.run(['apply', 'plan.yml']);
  assert.ok(sprung());
});

test('a gate that asks whether removed versions are needed does not pass when nobody was asked', async () => {
  here.edit((plan: PlanYaml) => {
    plan.versions = plan.versions.filter((one) => one.version !== '0.1.0');
    plan.deltas = [];
  });
  const run = await here.run(['plan', 'plan.yml', '--against', 'main', '--json']);
  const document = JSON.parse(run.stdout) as {
    plans: Array<{ removed: Array<{ neededBy: unknown; devices: unknown }> }>;
  };
  assert.equal(
    document.plans[0]?.removed.map(({ neededBy, devices }) => [neededBy, devices]),
    [[null, null]],
  );
  git('checkout', '--quiet', 'plan.yml');
});

test('a bare repository beside the plan, and what attributes and hooks name, is not obeyed', async () => {
  const nested = join(here.dir, 'product');
  mkdirSync(join(nested, 'objects'), { recursive: true });
  mkdirSync(join(nested, 'refs/heads'), { recursive: true });
  mkdirSync(join(nested, 'hooks'));
  writeFileSync(join(nested, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(
    join(nested, 'config'),
    `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ${nested}\n\tfsmonitor = touch ${trap}; false\n` +
      `[diff]\n\texternal = touch ${trap}\n[filter "x"]\n\tclean = touch ${trap}; cat\n`,
  );
  writeFileSync(join(nested, '.gitattributes'), '* filter=x diff=x\n');
  execFileSync('cp', ['-r', 'plan.yml', 'kas', nested], { cwd: here.dir });
  for (const args of [
    ['plan', 'product/plan.yml', '--against', 'HEAD'],
    ['plan', 'product/plan.yml', '--against', 'main'],
    ['validate', 'product/plan.yml'],
    ['schedule', 'product/plan.yml', '--cron', '--stdout'],
  ]) {
    await here.run(args);
    assert.is(sprung(), false, args.join(' '));
  }
});

test('a filter of the repository itself does not run when kas files are compared', async () => {
  git('config', 'filter.x.clean', `touch '${trap}'; cat`);
  git('config', 'core.fsmonitor', `touch '${trap}'; false`);
  writeFileSync(join(here.dir, '.gitattributes'), '*.yml filter=x\n');
  writeFileSync(join(here.dir, 'kas/small.yml'), 'header: { version: 14 }\n# changed\n');
  const run = await here.run(['plan', 'plan.yml', '--against', 'main']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.match(run.stdout, 'kas/small.yml differs from main');
  assert.is(sprung(), false);
});

test.run();
