/** An archive that is not there is not started anew behind the user's back. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';

const test = suite('archive identity');

let here: ArchivedProduct;
const root = (): string => join(here.dir, 'artifacts');
const away = (): string => join(here.dir, 'away');

test.before.each(async () => {
  here = await archivedProduct('identity', ['0.1.0', '0.2.0']);
});

/** As a disk that is not mounted: an empty folder. */
function unmount(): void {
  renameSync(root(), away());
  mkdirSync(root());
}

for (const args of [
  ['apply', 'plan.yml'],
  ['apply', 'plan.yml', '--nightly'],
  ['apply', 'plan.yml', '--only', 'build'],
  ['gc', 'plan.yml', '--yes'],
]) {
  test(`${args.join(' ')} on an empty mount point makes nothing in its place`, async () => {
    unmount();
    const run = await here.run(args);
    assert.is(run.exitCode, 5, run.stderr + run.stdout);
    assert.match(run.stderr, 'archive-lost');
    assert.match(run.stderr, '--new-archive');
    assert.equal(readdirSync(root()), []);
    rmSync(root(), { recursive: true });
    renameSync(away(), root());
    assert.is((await here.run(['apply', 'plan.yml'])).exitCode, 0);
  });
}

test('another archive in the same place is named', async () => {
  const other = await archivedProduct('identity-other', ['0.1.0', '0.2.0']);
  renameSync(root(), away());
  renameSync(join(other.dir, 'artifacts'), root());
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 5);
  assert.match(run.stderr, 'archive-other');
});

test('a night never starts an archive, whatever it remembers', async () => {
  rmSync(root(), { recursive: true });
  rmSync(join(here.dir, '.release-plan'), { recursive: true, force: true });
  const run = await here.run(['apply', 'plan.yml', '--nightly']);
  assert.is(run.exitCode, 5);
  assert.match(run.stderr, 'archive-lost');
  assert.is(existsSync(root()), false);
});

test('a version that the registry knows is restored, not built again, unless a new archive is asked for', async () => {
  rmSync(join(here.archive, '0.1.0'), { recursive: true });
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 5, run.stderr);
  assert.match(run.stderr, 'targets.json knows 0.1.0 as archived');
  assert.is(existsSync(join(here.archive, '0.1.0')), false);
});

test('an archive of before identities gets one when a person runs apply, and by a night where it holds versions', async () => {
  rmSync(join(root(), '.release-plan-archive.json'));
  rmSync(join(here.dir, '.release-plan'), { recursive: true, force: true });
  assert.is((await here.run(['apply', 'plan.yml', '--nightly'])).exitCode, 0);
  assert.ok(existsSync(join(root(), '.release-plan-archive.json')));
});

test.run();
