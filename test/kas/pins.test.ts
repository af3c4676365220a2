/** A repository that is not what the kas files ask for: kas builds it all the same, exit 0. Real kas throughout. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutCredentials } from '../../src/kas/repositories.ts';
import { failsWith } from './expect.ts';
import { commitProject, fetched, git } from './fetched.ts';
import { build, locked, project, prove } from './project.ts';

const test = suite('kas: layers at their pins');

test('a dirty repository keeps its commit whatever its pin says: refused before the build', async () => {
  const here = project('pin-dirty');
  const { commits, clone, ask } = fetched(here);
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    assert.is(built.configuration.layers['meta-extra'], commits[0]);
    ask(commits[1]);
    writeFileSync(join(clone, 'conf/layer.conf'), 'EXTRA = "mine"\n');
    const error = await failsWith('layer-not-at-pin', () => build(here, directory, '0.2.0'));
    const [from, to] = commits.map((one) => one.slice(0, 12));
    assert.match(error.message, `repository meta-extra is at ${from}, the kas files ask for ${to}\n`);
    assert.match(error.message, 'repository meta-extra has changes that no commit names: conf/layer.conf');
  });
});

test('a pin that moves is followed, also one that names a branch', async () => {
  const here = project('pin-moves');
  const { commits, ask } = fetched(here);
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    for (const refspec of [commits[1], 'main']) {
      ask(refspec);
      const built = await build(here, directory, '0.2.0');
      assert.is(built.configuration.layers['meta-extra'], commits[1]);
      assert.equal(built.lock?.problems, [
        'repository stand-in-bitbake is in no git repository, or no commit has it',
        'repository meta-tolomeo is in no git repository, or no commit has it',
      ]);
    }
  });
});

test('kas.force_checkout throws changes away, kas.update fetches the branch anew', async () => {
  const here = project('pin-force');
  const { origin, clone, ask } = fetched(here);
  ask('main');
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    git(origin, 'commit', '--quiet', '--allow-empty', '-m', 'third');
    const third = git(origin, 'rev-parse', 'HEAD');
    const stale = await build(here, directory, '0.1.0');
    assert.is.not(stale.configuration.layers['meta-extra'], third);
    writeFileSync(join(clone, 'conf/layer.conf'), 'EXTRA = "mine"\n');
    const kas = { ...here.kas, update: true, forceCheckout: true };
    const built = await build(here, directory, '0.1.0', { kas });
    assert.is(built.configuration.layers['meta-extra'], third);
  });
});

test('kas.allow_dirty builds what is there, and says so in the lock', async () => {
  const here = project('pin-allowed');
  const { clone } = fetched(here);
  await locked(here, async (directory) => {
    await build(here, directory, '0.1.0');
    writeFileSync(join(clone, 'conf/new.inc'), 'A = "1"\n');
    await failsWith('layer-not-at-pin', () => build(here, directory, '0.1.0'));
    writeFileSync(join(clone, 'conf/layer.conf'), 'EXTRA = "mine"\n');
    await failsWith('layer-not-at-pin', () => build(here, directory, '0.1.0'));
    const built = await build(here, directory, '0.1.0', { kas: { ...here.kas, allowDirty: true } });
    await prove(here, directory, '0.1.0', built.startedAtNs);
    assert.ok(
      built.lock?.problems.includes(
        'repository meta-extra has changes that no commit names: conf/layer.conf, conf/new.inc',
      ),
    );
    assert.ok(
      (built.warnings ?? []).some((one) => /^kas: .*meta-extra is dirty/.test(one)),
      String(built.warnings),
    );
  });
});

test("the product's own repository: layers and kas files count, the plan and the build do not", async () => {
  const here = project('pin-own');
  commitProject(here);
  const layer = join(here.dir, 'layers/meta-tolomeo');
  const refused = async (file: string, text: string): Promise<void> => {
    writeFileSync(join(here.dir, file), text);
    const error = await failsWith('layer-not-at-pin', () =>
      locked(here, (directory) => build(here, directory, '0.1.0')),
    );
    assert.match(error.message, file);
    git(here.dir, 'checkout', '--quiet', '.');
    git(here.dir, 'clean', '--quiet', '-d', '--force');
  };
  await refused('layers/meta-tolomeo/conf/layer.conf', 'CHANGED = "1"\n');
  await refused('layers/meta-tolomeo/recipes-core/images/other.bb', '\n');
  writeFileSync(join(here.dir, 'plan.yml'), 'product: x\n');
  mkdirSync(join(layer, '__pycache__'));
  writeFileSync(join(layer, '__pycache__/x.pyc'), '');
  await locked(here, async (directory) => {
    const built = await build(here, directory, '0.1.0');
    assert.equal(built.lock?.problems, []);
  });
});

test('what git ignores is in no commit, whatever repository lies around it', async () => {
  const here = project('pin-ignored');
  writeFileSync(join(here.dir, '.gitignore'), 'layers/meta-tolomeo/\nbuild/\nlog\n');
  git(here.dir, 'add', '.');
  git(here.dir, 'commit', '--quiet', '-m', 'product');
  await locked(here, async (directory) => {
    const { lock } = await build(here, directory, '0.1.0');
    assert.equal(lock?.problems, ['repository meta-tolomeo is in no git repository, or no commit has it']);
  });
});

test('a repository that moves while it is built is noticed after the build', async () => {
  const here = project('pin-moved', ['STAND_IN_TASK_SECONDS = "1"']);
  const { clone, commits } = fetched(here);
  const [from, to] = commits;
  let isMoved = false;
  const onProgress = (): void => {
    if (isMoved) return;
    isMoved = true;
    git(clone, 'checkout', '--quiet', to);
  };
  const error = await failsWith('layer-not-at-pin', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { onProgress })),
  );
  assert.is(error.message, `0.1.0 was built, but repository meta-extra moved from ${from} to ${to}`);
});

test('patches of kas: the commit below them is the pin, and what they lead to is recorded', async () => {
  const here = project('pin-patched');
  const { clone, commits, ask, origin } = fetched(here);
  writeFileSync(join(origin, 'conf/layer.conf'), 'BBFILE_COLLECTIONS += "extra"\nEXTRA = "patched"\n');
  const patch = git(origin, 'diff', commits[1]);
  mkdirSync(join(here.dir, 'layers/meta-tolomeo/patches'));
  writeFileSync(join(here.dir, 'layers/meta-tolomeo/patches/a.patch'), `${patch}\n`);
  ask(commits[1], '    patches:\n      a:\n        repo: meta-tolomeo\n        path: patches/a.patch\n');
  await locked(here, async (directory) => {
    const heads: string[] = [];
    const layers: Array<string | undefined> = [];
    for (const version of ['0.1.0', '0.2.0']) {
      const built = await build(here, directory, version);
      heads.push(git(clone, 'rev-parse', 'HEAD'));
      layers.push(built.configuration.layers['meta-extra']);
      const locked = built.lock?.repositories.find(({ name }) => name === 'meta-extra');
      assert.is(locked?.commit, commits[1]);
      assert.is(locked?.patchedTree, git(clone, 'rev-parse', 'HEAD^{tree}'));
    }
    assert.is.not(heads[0], commits[1]);
    assert.is(layers[0], layers[1], 'two versions of one content are named alike');
    assert.match(layers[0] ?? '', new RegExp(`^${commits[1]}-patched-[0-9a-f]{12}$`));
  });
});

test('kas.lock: required builds only what is pinned and committed', async () => {
  const here = project('lock-required');
  const { ask, commits } = fetched(here);
  const kas = { ...here.kas, lock: 'required' as const };
  ask('main');
  const error = await failsWith('lock-incomplete', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { kas })),
  );
  assert.match(error.message, 'repository meta-extra follows the');
  assert.match(error.message, ' main, and no commit pins it');
  assert.match(error.message, 'repository meta-tolomeo is in no git repository, or no commit has it');
  ask(commits[1]);
  const product = commitProject(here);
  await locked(here, async (directory) => {
    const { lock } = await build(here, directory, '0.1.0', { kas });
    assert.equal(
      lock?.repositories.map(({ name, commit }) => [name, commit]),
      [
        ['stand-in-bitbake', product],
        ['meta-tolomeo', product],
        ['meta-extra', commits[1]],
      ],
    );
    assert.match(lock?.tools.bitbake ?? '', 'BitBake Build Tool Core version');
    assert.match(lock?.tools.kas ?? '', /^kas \d/);
    assert.match(lock?.tools.gcc ?? lock?.tools.python3 ?? '', /\d/);
    assert.equal(
      lock?.files.map(({ path }) => path),
      here.kas.config.map((file) => file.slice(here.dir.length + 1)),
    );
  });
});

test('kas files of a later format than this kas knows are refused by name', async () => {
  const here = project('header');
  const file = join(here.dir, 'kas/new.yml');
  writeFileSync(file, 'header:\n  version: 99\n');
  const kas = { ...here.kas, config: [...here.kas.config, file] };
  here.kas = kas;
  const error = await failsWith('kas-too-old', () => locked(here, (directory) => build(here, directory, '0.1.0')));
  assert.match(
    error.message,
    /^your kas is too old for header version 99 of .*kas\/new\.yml: kas [\d.]+ knows versions up/,
  );
});

test('addresses are recorded without what gets somebody in', () => {
  assert.is(withoutCredentials('https://ci:t0ken@git.example/x.git'), 'https://git.example/x.git');
  assert.is(withoutCredentials('https://t0ken@git.example/x.git'), 'https://git.example/x.git');
  assert.is(withoutCredentials('ssh://git:pw@git.example/x.git'), 'ssh://git@git.example/x.git');
  assert.is(withoutCredentials('ssh://git@git.example/x.git'), 'ssh://git@git.example/x.git');
  assert.is(withoutCredentials('git@git.example:x.git'), 'git@git.example:x.git');
});

test.run();
