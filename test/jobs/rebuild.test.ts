/** Versions built again from what was archived with them, through the command line, with real kas. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { git } from '../kas/fetched.ts';
import { filesBelow, product, type Product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('jobs: rebuild');
const IMAGE = 'image-prod-tolomeo-qemux86-64.squashfs';

/**
 * A product in git, with a fetched layer at a branch, and its first version archived.
 *
 * @param protocol `file://` for a clone that follows branches; of a plain path git copies every object
 */
async function archived(
  name: string,
  more = '',
  protocol = '',
): Promise<{ here: Product; origin: string; commit: string }> {
  const here = product(`rebuild-${name}`);
  const origin = scratch('rebuild-origin');
  git(origin, 'init', '--quiet', '--initial-branch=main');
  mkdirSync(join(origin, 'conf'));
  writeFileSync(join(origin, 'conf/layer.conf'), 'BBFILE_COLLECTIONS += "extra"\n');
  git(origin, 'add', '.');
  git(origin, 'commit', '--quiet', '-m', 'extra');
  const commit = git(origin, 'rev-parse', 'HEAD');
  writeFileSync(
    join(here.dir, 'kas/extra.yml'),
    `header: {version: 1}\nrepos:\n  meta-extra:\n    url: ${protocol}${origin}\n    refspec: main\n${more}`,
  );
  here.edit((plan) => {
    const kas = plan.kas as { config: string[] };
    kas.config = [...kas.config, 'kas/extra.yml'];
    plan.versions = [{ version: '0.1.0' }];
    plan.deltas = [];
  });
  git(here.dir, 'init', '--quiet');
  writeFileSync(join(here.dir, '.gitignore'), 'build/\nartifacts/\nmeta-extra/\ndevice/\n__pycache__/\n');
  git(here.dir, 'add', '.');
  git(here.dir, 'commit', '--quiet', '-m', 'product');
  const applied = await here.run(['apply', 'plan.yml', '--only', 'build,archive']);
  assert.is(applied.exitCode, 0, applied.stderr);
  return { here, origin, commit };
}

test('a version comes out bit for bit, although its branch and its kas files have gone on', async () => {
  const { here, origin, commit } = await archived('same');
  const lock = JSON.parse(readFileSync(join(here.archive, '0.1.0/kas-lock.json'), 'utf8')) as {
    repositories: Array<{ name: string; commit: string }>;
  };
  assert.is(lock.repositories.find(({ name }) => name === 'meta-extra')?.commit, commit);
  git(origin, 'commit', '--quiet', '--allow-empty', '-m', 'gone on');
  here.kasFile('small', ['STAND_IN_ROOTFS_MIB = "2"']);
  git(here.dir, 'commit', '--quiet', '-a', '-m', 'smaller');
  const result = await here.run(['rebuild', 'plan.yml', '0.1.0', '--json']);
  assert.is(result.exitCode, 0, result.stderr);
  const told = JSON.parse(result.stdout) as { isSame: boolean; images: Array<{ file: string }>; dir: string };
  assert.equal([told.isSame, told.images.map(({ file }) => file)], [true, [IMAGE]]);
  assert.not(existsSync(told.dir), 'nothing is left behind');
  assert.equal(
    filesBelow(join(here.archive, '0.1.0')).filter((file) => file.endsWith('.squashfs')),
    [IMAGE],
  );
});

test('a difference is shown by file, with its usual cause', async () => {
  const { here } = await archived('differs', 'local_conf_header:\n  stamp: |\n    STAND_IN_STAMP = "1"\n');
  const into = join(scratch('rebuild-into'), 'again');
  const result = await here.run(['rebuild', 'plan.yml', '0.1.0', '--into', into]);
  assert.is(result.exitCode, 4, result.stderr);
  assert.match(result.stderr, 'error[rebuild-differs]');
  assert.match(result.stdout, `${IMAGE}: differs, archived sha256 `);
  assert.match(result.stdout, '/etc/stamp has other content: a time in the file\n');
  assert.match(result.stdout, '/etc/place has other content: the path of the build\n');
  const again = await here.run(['rebuild', 'plan.yml', '0.1.0', '--into', into]);
  assert.is(again.exitCode, 2, again.stderr);
  assert.match(again.stderr, 'error[rebuild-folder]');
});

test('a commit that a rewritten branch took away is named', async () => {
  const { here, origin, commit } = await archived('gone');
  git(origin, 'commit', '--quiet', '--amend', '-m', 'rewritten');
  git(origin, 'reflog', 'expire', '--expire=now', '--all');
  git(origin, 'gc', '--quiet', '--prune=now');
  const result = await here.run(['rebuild', 'plan.yml', '0.1.0']);
  assert.is(result.exitCode, 3, result.stderr);
  assert.match(
    result.stderr,
    `error[commit-gone]: repository meta-extra: ${origin} no longer has the commit ${commit}`,
  );
});

test('a commit that no branch leads to, and that the remote still has, is asked for', async () => {
  const { here, origin } = await archived('unreachable', '', 'file://');
  git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  git(origin, 'commit', '--quiet', '--amend', '-m', 'rewritten');
  const result = await here.run(['rebuild', 'plan.yml', '0.1.0']);
  assert.is(result.exitCode, 0, result.stderr);
});

test('what was built of uncommitted files cannot be built again, and says why', async () => {
  const here = product('rebuild-uncommitted');
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0' }];
    plan.deltas = [];
  });
  assert.is((await here.run(['apply', 'plan.yml', '--only', 'build,archive'])).exitCode, 0);
  const result = await here.run(['rebuild', 'plan.yml', '0.1.0']);
  assert.is(result.exitCode, 4, result.stderr);
  assert.match(result.stderr, 'error[lock-missing]: 0.1.0 was built of what no commit names:');
  assert.match(result.stderr, 'repository meta-tolomeo is in no git repository, or no commit has it');
});

test.run();
