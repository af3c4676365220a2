/** What is archived of how a version was built, and what becomes of it, through the command line with real kas. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VersionManifest } from '../../src/core/archive.ts';
import { git } from '../kas/fetched.ts';
import { filesBelow, product, type Product } from '../support/product.ts';

const test = suite('jobs: records of a build');

/** One version in the plan, and nothing that a delta is made of. */
function single(name: string, localConf: readonly string[]): Product {
  const here = product(name);
  const file = here.kasFile('more', localConf);
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0', tags: ['promoted'], kas: [file] }];
    plan.deltas = [];
    plan.targets = 'targets.json';
  });
  return here;
}

const manifestOf = (here: Product): VersionManifest =>
  JSON.parse(readFileSync(join(here.archive, '0.1.0/manifest.json'), 'utf8')) as VersionManifest;

test('lock, packages, SBOM, licences, CVEs and buildhistory are archived with their digests; warnings are in the report', async () => {
  const here = single('records', ['STAND_IN_RECORDS = "1"', 'STAND_IN_WARN = "zlib do_fetch: a mirror was used"']);
  const partial = await here.run(['apply', 'plan.yml', '--only', 'build,archive']);
  assert.equal([partial.exitCode, partial.stdout], [0, ''], 'nothing was asked for that shows consistency');
  assert.match(partial.stderr, '0.1.0: zlib do_fetch: a mirror was used');
  const applied = await here.run(['apply', 'plan.yml']);
  assert.is(applied.exitCode, 0, applied.stderr);
  assert.match(partial.stderr, '0.1.0: zlib do_fetch: a mirror was used');
  const { files, warnings, dirty } = manifestOf(here);
  const kept = files.filter(({ path }) => path === 'kas-lock.json' || path.startsWith('records/'));
  const image = 'image-prod-tolomeo-qemux86-64';
  assert.equal(
    kept.map(({ path, role }) => [role, path]),
    [
      ['lock', 'kas-lock.json'],
      ['packages', `records/packages/${image}.manifest`],
      ['sbom', `records/sbom/${image}.spdx.json`],
      ['licenses', 'records/licenses/license.manifest'],
      ['buildhistory', 'records/buildhistory/installed-packages.txt'],
      ['cves', `records/cves/${image}.json`],
    ],
  );
  assert.equal([warnings, dirty], [['zlib do_fetch: a mirror was used'], undefined]);
  const report = readFileSync(
    join(here.archive, 'reports', filesBelow(join(here.archive, 'reports')).find((one) => one.endsWith('.md')) ?? ''),
    'utf8',
  );
  assert.match(report, '## Build warnings\n\n| Version | Warning |\n| --- | --- |\n| 0.1.0 | zlib do_fetch');
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 0);
  const altered = join(here.archive, '0.1.0/records/packages', `${image}.manifest`);
  writeFileSync(altered, readFileSync(altered, 'utf8').replace('busybox', 'busybux'));
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 4);
});

test('a version of uncommitted changes is archived as such, and no tag leads to it', async () => {
  const here = single('dirty', []);
  writeFileSync(join(here.dir, '.gitignore'), 'build/\nartifacts/\ndevice/\n__pycache__/\n');
  git(here.dir, 'init', '--quiet');
  git(here.dir, 'add', '.');
  git(here.dir, 'commit', '--quiet', '-m', 'product');
  writeFileSync(join(here.dir, 'layers/meta-tolomeo/conf/layer.conf'), '# changed\n', { flag: 'a' });
  const refused = await here.run(['apply', 'plan.yml']);
  assert.is(refused.exitCode, 3, refused.stderr);
  assert.match(
    refused.stderr,
    'repository meta-tolomeo (layers/meta-tolomeo) has changes that no commit names: layers/',
  );
  here.edit((plan) => {
    plan.kas = { ...(plan.kas as object), allow_dirty: true };
  });
  const applied = await here.run(['apply', 'plan.yml']);
  assert.is(applied.exitCode, 0, applied.stderr);
  assert.match(applied.stderr, '0.1.0 was built with kas.allow_dirty: it gets none of its tags (promoted)');
  assert.is(manifestOf(here).dirty, true);
  const listed = await here.run(['targets', 'list', '--json']);
  assert.not.match(listed.stdout, 'promoted');
  for (const more of [[], ['--force']]) {
    const tagged = await here.run(['targets', 'tag', '--by-version', '0.1.0', '-T', 'promoted', ...more]);
    assert.is(tagged.exitCode, 4, tagged.stderr);
    assert.match(tagged.stderr, 'error[promotion-dirty]: 0.1.0: built with kas.allow_dirty, never promoted');
  }
  const again = await here.run(['rebuild', 'plan.yml', '0.1.0']);
  assert.match(again.stderr, 'error[lock-missing]');
  assert.match(again.stderr, 'repository meta-tolomeo (layers/meta-tolomeo) has changes that no commit names');
});

test.run();
