import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chainOf, gitRootOf } from '../../src/kas/chain.ts';
import { generatedFolder, writeOverride } from '../../src/kas/override.ts';
import { scratch } from '../support/scratch.ts';
import { failsWith } from './expect.ts';

const test = suite('kas: chains and where overrides lie');

/** A folder with the given files; with `.git/` at the end of a name, a repository. */
function tree(name: string, ...paths: string[]): string {
  const root = scratch(name);
  for (const path of paths) {
    const at = join(root, path);
    mkdirSync(join(at, '..'), { recursive: true });
    if (path.endsWith('.git/')) execFileSync('git', ['init', '--quiet', join(at, '..')]);
    else writeFileSync(at, 'header: {version: 1}\n');
  }
  return root;
}

test("base, then the version's files, then the override; paths relative to the work dir", async () => {
  const root = tree('chain', '.git/', 'kas/base.yml', 'kas/pins/1.yml', '.release-plan/kas/1.yml');
  const parts = {
    config: [join(root, 'kas/base.yml')],
    versionFiles: [join(root, 'kas/pins/1.yml')],
    override: join(root, '.release-plan/kas/1.yml'),
  };
  assert.is(
    (await chainOf({ ...parts, workDir: root })).argument,
    'kas/base.yml:kas/pins/1.yml:.release-plan/kas/1.yml',
  );
  assert.is(
    (await chainOf({ ...parts, workDir: join(root, 'kas') })).argument,
    'base.yml:pins/1.yml:../.release-plan/kas/1.yml',
  );
});

test('a file that begins with a dash is no option', async () => {
  const root = tree('dash', '-E.yml');
  assert.is((await chainOf({ config: [join(root, '-E.yml')], workDir: root })).argument, './-E.yml');
});

test('a colon in a path below the work dir is refused, one above it does no harm', async () => {
  const root = tree('colon', 'a:b/kas/base.yml');
  const config = [join(root, 'a:b/kas/base.yml')];
  const error = await failsWith('path-colon', () => chainOf({ config, workDir: root }));
  assert.match(error.message, 'has a colon in its path');
  assert.is((await chainOf({ config, workDir: join(root, 'a:b') })).argument, 'kas/base.yml');
});

test('a file that is missing, and files of two repositories, are refused', async () => {
  const root = tree('two', 'one/.git/', 'one/base.yml', 'other/.git/', 'other/more.yml', 'loose.yml');
  const missing = await failsWith('path-missing', () =>
    chainOf({ config: [join(root, 'one/nowhere.yml')], workDir: root }),
  );
  assert.match(missing.message, 'nowhere.yml does not exist');
  for (const more of ['other/more.yml', 'loose.yml']) {
    const error = await failsWith('kas-repository', () =>
      chainOf({ config: [join(root, 'one/base.yml'), join(root, more)], workDir: root }),
    );
    assert.match(error.message, 'kas refuses a chain across repositories');
  }
});

test("a repository of another user is named, as kas would see it: without the user's own git configuration", async () => {
  const root = tree('owner', '.git/', 'base.yml');
  // git's own way to test this without a second user.
  process.env.GIT_TEST_ASSUME_DIFFERENT_OWNER = '1';
  try {
    const error = await failsWith('kas-repository-owner', () =>
      chainOf({ config: [join(root, 'base.yml'), join(root, 'base.yml')], workDir: root }),
    );
    assert.match(error.hint ?? '', `git config --system --add safe.directory ${root}`);
  } finally {
    delete process.env.GIT_TEST_ASSUME_DIFFERENT_OWNER;
  }
});

test("the generated folder lies beside the plan, or at the top of the base file's repository", async () => {
  const inside = tree('inside', '.git/', 'product/plan.yml', 'kas/base.yml');
  assert.is(
    await generatedFolder({ planDir: join(inside, 'product'), config: [join(inside, 'kas/base.yml')] }),
    join(inside, 'product/.release-plan'),
  );
  const outside = tree('outside', 'plans/plan.yml', 'layer/.git/', 'layer/kas/base.yml');
  assert.is(
    await generatedFolder({ planDir: join(outside, 'plans'), config: [join(outside, 'layer/kas/base.yml')] }),
    join(outside, 'layer/.release-plan'),
  );
  const loose = tree('loose', 'plans/.git/', 'kas/base.yml');
  assert.is(
    await generatedFolder({ planDir: join(loose, 'plans'), config: [join(loose, 'kas/base.yml')] }),
    join(loose, 'kas/.release-plan'),
  );
  assert.is(await gitRootOf(loose), undefined);
});

test('an override is written once, git does not see it, and another version does not touch it', async () => {
  const root = tree('write', '.git/', 'plan.yml', 'kas/base.yml');
  const place = { planDir: root, config: [join(root, 'kas/base.yml')] };
  const path = await writeOverride(place, { buildinfo: 'buildinfo', version: '0.1.0' });
  assert.is(path, join(root, '.release-plan/kas/0.1.0.yml'));
  const before = statSync(path, { bigint: true }).ctimeNs;
  await writeOverride(place, { buildinfo: 'buildinfo', version: '0.1.0' });
  await writeOverride(place, { buildinfo: 'buildinfo', version: '0.2.0' });
  assert.is(statSync(path, { bigint: true }).ctimeNs, before);
  assert.not.match(
    execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], { cwd: root, encoding: 'utf8' }),
    'release-plan',
  );
  await writeOverride(place, { buildinfo: 'other', version: '0.1.0' });
  assert.match(readFileSync(path, 'utf8'), '"other"');
});

test.run();
