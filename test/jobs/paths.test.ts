/**
 * Folders as people have them: spaces, quotes, other alphabets, very long names, and a plan that cannot be written
 * beside.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MACHINE, filesBelow, product, type Product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('paths');

function twoVersions(name: string): Product {
  const here = product(name, 1);
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }];
    plan.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
  });
  return here;
}

/** @param plan as given on the command line */
async function appliesWhole(here: Product, archive: string, plan = 'plan.yml'): Promise<void> {
  const run = await here.run(['apply', plan]);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(readdirSync(join(archive, '0.2.0/updates')), ['from_0.1.0']);
  const again = await here.run(['apply', plan]);
  assert.match(again.stdout, 'Nothing to do', again.stderr);
  const verified = await here.run(['verify', plan]);
  assert.is(verified.exitCode, 0, verified.stderr);
}

/** A product with its keys beside the plan, so that the plan names nothing outside of its folder. */
function selfContained(): Product {
  const here = twoVersions('plain');
  cpSync(here.keys, join(here.dir, 'keys'), { recursive: true });
  here.edit(
    (plan) => void (plan.signing = { method: 'cms', key: 'keys/ec.pem', cert: 'keys/ec.crt', public: 'keys/ec.crt' }),
  );
  return here;
}

test(
  'plan, archive, keys, overrides and logs in a folder with spaces, quotes, dollars, percent signs and ' +
    'other alphabets',
  async () => {
    // BitBake itself takes no layer and no build directory with a space: those lie above.
    const root = scratch('repository');
    const here = selfContained();
    here.edit(
      (plan) =>
        void (plan.kas = {
          ...(plan.kas as object),
          config: ['../kas/tolomeo-qemux86-64_tolomeo-prod_image-prod.yml', '../kas/small.yml'],
          delta_config: undefined,
          work_dir: '..',
          deploy: '../build/tmp/deploy/images/{machine}',
        }),
    );
    const dir = join(root, 'Größe "ß" it\'s 100% $HOME {machine} 日本');
    for (const folder of ['kas', 'layers']) cpSync(join(here.dir, folder), join(root, folder), { recursive: true });
    for (const one of ['plan.yml', 'keys']) cpSync(join(here.dir, one), join(dir, one), { recursive: true });
    const git = (...args: string[]): void =>
      assert.is(
        spawnSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], { cwd: root }).status,
        0,
      );
    git('init', '--quiet');
    git('add', 'kas', 'layers');
    git('commit', '--quiet', '-m', 'product');
    await appliesWhole(here, join(dir, 'artifacts', MACHINE, 'image-prod'), join(dir, 'plan.yml'));
    assert.ok(filesBelow(join(dir, '.release-plan')).includes('kas/0.1.0.yml'));
  },
);

test('a path of a thousand characters', async () => {
  const here = selfContained();
  const dir = join(scratch('long'), ...Array.from({ length: 5 }, () => 'd'.repeat(200)));
  cpSync(here.dir, dir, { recursive: true });
  await appliesWhole(here, join(dir, 'artifacts', MACHINE, 'image-prod'), join(dir, 'plan.yml'));
});

/** Makes a folder read-only also for root, who heeds no mode. @returns why it could not be done */
function makeReadOnly(dir: string): string | undefined {
  if (process.getuid?.() !== 0)
    return spawnSync('chmod', ['-R', 'a-w', dir], { encoding: 'utf8' }).stderr.trim() || undefined;
  const run = spawnSync('sh', ['-c', 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"', 'sh', dir], {
    encoding: 'utf8',
  });
  return run.status === 0 ? undefined : run.stderr.trim() || 'mount failed';
}

function makeWritable(dir: string): void {
  if (process.getuid?.() === 0) spawnSync('umount', [dir]);
  else spawnSync('chmod', ['-R', 'u+w', dir]);
}

/** A plan in a folder that cannot be written, its archive and its work dir elsewhere. */
async function withReadOnlyPlan(
  name: string,
  body: (here: Product, elsewhere: string) => Promise<void>,
): Promise<void> {
  const here = twoVersions(name);
  const elsewhere = scratch(`${name}-elsewhere`);
  // What kas runs in has the layers; its build goes there.
  cpSync(join(here.dir, 'layers'), join(elsewhere, 'work/layers'), { recursive: true });
  here.edit((plan) => {
    plan.artifacts = join(elsewhere, 'artifacts');
    plan.kas = {
      ...(plan.kas as object),
      work_dir: join(elsewhere, 'work'),
      deploy: join(elsewhere, 'work/build/tmp/deploy/images/{machine}'),
    };
  });
  const why = makeReadOnly(here.dir);
  if (why !== undefined) {
    process.stdout.write(` (not done: ${why}) `);
    return;
  }
  try {
    await body(here, elsewhere);
  } finally {
    makeWritable(here.dir);
  }
}

test('a read-only plan outside of any repository: override and logs go to the work dir', async () => {
  await withReadOnlyPlan('readonly', async (here, elsewhere) => {
    await appliesWhole(here, join(elsewhere, 'artifacts', MACHINE, 'image-prod'));
    assert.equal(
      filesBelow(join(elsewhere, 'work/.release-plan')).filter((file) => !file.startsWith('.')),
      ['kas/0.1.0.yml', 'kas/0.2.0.yml', 'logs/0.1.0.log', 'logs/0.2.0.log'],
    );
    assert.equal(
      readdirSync(here.dir).filter((file) => file.startsWith('.')),
      [],
    );
  });
});

test(
  'a read-only plan in the repository of its kas files: kas would take no override from elsewhere, and the ' +
    'message says so',
  async () => {
    const here = twoVersions('readonly-git');
    spawnSync('git', ['init', '--quiet', here.dir]);
    const why = makeReadOnly(here.dir);
    if (why !== undefined) {
      process.stdout.write(` (not done: ${why}) `);
      return;
    }
    try {
      const elsewhere = scratch('readonly-git-elsewhere');
      const run = await here.run(['render', 'plan.yml'], { ...process.env, KAS_BUILD_DIR: join(elsewhere, 'build') });
      assert.is(run.exitCode, 5, run.stderr);
      assert.match(run.stderr, `${here.dir} is not writable, but the override that sets BUILD_VERSION`);
      assert.match(run.stderr, join(here.dir, '.release-plan'));
    } finally {
      makeWritable(here.dir);
    }
  },
);

test.run();
