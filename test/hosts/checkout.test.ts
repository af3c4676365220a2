/** A worker's checkout that follows the host which asks: real repositories and a remote between them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WorkStep } from '../../src/core/step.ts';
import { Checkout, cleanCommitOf, requireCommit } from '../../src/hosts/queue/checkout.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('worker checkout');
const { signal } = new AbortController();

const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

interface Repositories {
  /** Of whoever asks. */
  here: string;
  /** Of the worker. */
  there: string;
  first: string;
}

const commit = (dir: string, text: string): string => {
  writeFileSync(join(dir, 'plan.yml'), text);
  git(dir, 'add', 'plan.yml');
  git(dir, 'commit', '-qm', text);
  return git(dir, 'rev-parse', 'HEAD');
};

function repositories(): Repositories {
  const root = scratch('checkout');
  const [bare, here, there] = ['bare.git', 'here', 'there'].map((name) => join(root, name));
  if (bare === undefined || here === undefined || there === undefined) throw new Error('three names');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  execFileSync('git', ['init', '-q', '-b', 'main', here]);
  git(here, 'remote', 'add', 'origin', bare);
  const first = commit(here, 'first');
  git(here, 'push', '-q', 'origin', 'main');
  execFileSync('git', ['clone', '-q', bare, there], { stdio: 'ignore' });
  return { here, there, first };
}

const planOf = (dir: string): string => readFileSync(join(dir, 'plan.yml'), 'utf8');

test('a checkout is brought to a commit that a branch of its remote has, and back', async () => {
  const { here, there, first } = repositories();
  const second = commit(here, 'second');
  const checkout = await Checkout.open(there, 'origin', signal);
  const early = await failureOf(async () => await checkout.at(second, async () => undefined));
  assert.is(early.code, 'queue-differs');
  assert.match(early.message, `no branch of origin has ${second}`);
  git(here, 'push', '-q', 'origin', 'main');
  assert.is(await checkout.at(second, async () => planOf(there)), 'second');
  assert.is(await checkout.at(first, async () => planOf(there)), 'first');
  assert.is(await checkout.at(undefined, async () => planOf(there)), 'first', 'as it stands');
});

test('what is on no branch is not followed, though the remote gives it out: a merge request runs nothing', async () => {
  const { here, there } = repositories();
  git(here, 'checkout', '-q', '--detach');
  const request = commit(here, 'somebody else');
  git(here, 'push', '-q', 'origin', `${request}:refs/merge-requests/1/head`);
  // Also where the objects are here.
  git(there, 'fetch', '-q', 'origin', 'refs/merge-requests/1/head');
  const checkout = await Checkout.open(there, 'origin', signal);
  let isRun = false;
  const failure = await failureOf(async () => await checkout.at(request, async () => void (isRun = true)));
  assert.is(failure.code, 'queue-differs');
  assert.not(isRun);
  assert.is(planOf(there), 'first');
});

test('nor is one that the checkout fetches as if it were a branch, or that no branch has any more', async () => {
  const { here, there } = repositories();
  git(there, 'config', '--add', 'remote.origin.fetch', '+refs/pull/*/head:refs/remotes/origin/pr/*');
  git(here, 'checkout', '-q', '-b', 'withdrawn');
  const withdrawn = commit(here, 'withdrawn');
  git(here, 'push', '-q', 'origin', 'withdrawn', `${withdrawn}:refs/pull/1/head`);
  git(there, 'fetch', '-q', 'origin');
  git(here, 'push', '-q', 'origin', ':withdrawn');
  // A name that cannot stand beside the one that is gone.
  git(here, 'push', '-q', 'origin', 'main:withdrawn/again');
  const checkout = await Checkout.open(there, 'origin', signal);
  const failure = await failureOf(async () => await checkout.at(withdrawn, async () => undefined));
  assert.match(failure.message, `no branch of origin has ${withdrawn}`);
});

test('a second worker cannot move the checkout of the first', async () => {
  const { there } = repositories();
  const checkout = await Checkout.open(there, 'origin', signal);
  assert.is((await failureOf(async () => await Checkout.open(there, 'origin', signal))).code, 'locked');
  await checkout.close();
  await (await Checkout.open(there, 'origin', signal)).close();
});

test('a checkout whose submodules stay behind is not used', async () => {
  const { here, there } = repositories();
  const layer = scratch('layer');
  git(layer, 'init', '-q', '-b', 'main');
  const old = commit(layer, 'old');
  git(here, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', layer, 'layer');
  git(here, 'commit', '-qam', 'with a layer');
  git(here, 'push', '-q', 'origin', 'main');
  git(there, 'pull', '-q');
  git(there, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');
  const fresh = commit(layer, 'fresh');
  git(join(here, 'layer'), 'fetch', '-q');
  git(join(here, 'layer'), 'checkout', '-q', fresh);
  git(here, 'commit', '-qam', 'a new layer');
  git(here, 'push', '-q', 'origin', 'main');
  const checkout = await Checkout.open(there, 'origin', signal);
  const target = git(here, 'rev-parse', 'HEAD');
  for (const _again of [1, 2])
    assert.is((await failureOf(async () => await checkout.at(target, async () => undefined))).code, 'queue-differs');
  assert.is(git(join(there, 'layer'), 'rev-parse', 'HEAD'), old);
});

test('changed files are left alone, and what is no commit is no option of git', async () => {
  const { here, there } = repositories();
  const second = commit(here, 'second');
  git(here, 'push', '-q', 'origin', 'main');
  writeFileSync(join(there, 'plan.yml'), 'mine');
  const checkout = await Checkout.open(there, 'origin', signal);
  const failure = await failureOf(async () => await checkout.at(second, async () => undefined));
  assert.match(failure.message, `files of ${there} are changed`);
  assert.is(planOf(there), 'mine');
  assert.match(
    (await failureOf(async () => await checkout.at(git(there, 'rev-parse', 'HEAD'), async () => undefined))).message,
    'are changed',
    'also at the commit itself',
  );
  for (const wrong of ['--help', 'main', 'HEAD', second.slice(0, 10)])
    assert.match(
      (await failureOf(async () => await checkout.at(wrong, async () => undefined))).message,
      'is no commit',
    );
});

test('a remote that is away is told in git’s words', async () => {
  const { here, there } = repositories();
  const second = commit(here, 'second');
  git(there, 'remote', 'set-url', 'origin', join(there, 'nowhere'));
  const checkout = await Checkout.open(there, 'origin', signal);
  const failure = await failureOf(async () => await checkout.at(second, async () => undefined));
  assert.is(failure.code, 'queue-differs');
  assert.match(failure.message, 'nowhere');
});

test('steps of one commit are made at once; one of another waits for them, and is not overtaken', async () => {
  const { here, there, first } = repositories();
  const second = commit(here, 'second');
  git(here, 'push', '-q', 'origin', 'main');
  const checkout = await Checkout.open(there, 'origin', signal);
  const order: string[] = [];
  const gates = new Map<string, () => void>();
  const step = async (name: string, at: string): Promise<void> =>
    await checkout.at(at, async () => {
      order.push(`${name} ${planOf(there)}`);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      assert.is(
        `${name} ${planOf(there)}`,
        order.find((one) => one.startsWith(name)),
      );
    });
  const until = async (name: string): Promise<void> => {
    for (const end = performance.now() + 30_000; !gates.has(name); await sleep(5))
      if (performance.now() > end) throw new Error(`${name} does not begin: ${order.join(', ')}`);
  };
  const steps = [step('a', first), step('b', first)];
  await until('a');
  await until('b');
  steps.push(step('c', second), step('d', first));
  gates.get('a')?.();
  await steps[0];
  assert.equal(order, ['a first', 'b first']);
  gates.get('b')?.();
  await until('c');
  assert.equal(order, ['a first', 'b first', 'c second']);
  gates.get('c')?.();
  await until('d');
  gates.get('d')?.();
  await Promise.all(steps);
  assert.equal(order, ['a first', 'b first', 'c second', 'd first']);
});

test('a step that cannot be followed keeps no other from being made', async () => {
  const { here, there, first } = repositories();
  const unpushed = commit(here, 'unpushed');
  const checkout = await Checkout.open(there, 'origin', signal);
  const [failed, made] = await Promise.allSettled([
    checkout.at(unpushed, async () => undefined),
    checkout.at(first, async () => planOf(there)),
  ]);
  assert.is(failed?.status, 'rejected');
  assert.equal(made, { status: 'fulfilled', value: 'first' });
});

test('only a remote of the checkout itself can be followed', async () => {
  const { there } = repositories();
  const unknown = await failureOf(async () => await Checkout.open(there, 'upstream', signal));
  assert.is(unknown.code, 'usage');
  assert.match(unknown.hint ?? '', 'origin');
  const nowhere = scratch('no-checkout');
  assert.match((await failureOf(async () => await Checkout.open(nowhere, 'origin', signal))).message, 'not in a git');
});

test('builds need a commit, since nothing else says what they are of; deltas are compared by their images', async () => {
  const build: WorkStep = { kind: 'build', version: '1', why: 'test' };
  const delta: WorkStep = { kind: 'delta', from: '1', to: '2', engine: 'rdiff', why: 'test' };
  requireCommit({ steps: [build], commit: 'a'.repeat(40) });
  requireCommit({ steps: [delta] });
  assert.is((await failureOf(async () => requireCommit({ steps: [build] }))).code, 'queue-differs');
});

test('a host names its commit unless tracked files are changed', async () => {
  const { here, first } = repositories();
  mkdirSync(join(here, 'build'));
  writeFileSync(join(here, 'build/untracked'), '');
  assert.is(await cleanCommitOf(join(here, 'build')), first);
  writeFileSync(join(here, 'plan.yml'), 'changed');
  assert.is(await cleanCommitOf(here), undefined);
  assert.is(await cleanCommitOf(scratch('no-commit')), undefined);
});

test.run();
