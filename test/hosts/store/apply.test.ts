/** A release with an object store behind its archive: hosts with folders of their own, and an S3 server between them. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatRef, formatRemoved, parseNamed } from '../../../src/hosts/store/ref.ts';
import { S3Store } from '../../../src/hosts/store/s3.ts';
import { digestFile } from '../../../src/io/hash.ts';
import { openBucketAt } from '../../../src/io/s3/open.ts';
import { sealJson } from '../../../src/text/json.ts';
import { differences, snapshot } from '../../faults/rig.ts';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.ts';
import { manyProduct, PAIRS, type ManyProduct } from '../../support/many.ts';
import { CREDENTIALS, makeBucket, startS3rver } from '../../support/peers/s3.ts';
import { filesBelow, MACHINE, product, type CliResult, type Product } from '../../support/product.ts';
import { redisServer } from '../../support/redis.ts';
import { scratch } from '../../support/scratch.ts';

const peer = await startS3rver();
const test = suite('apply with a store');
const PATIENCE_MS = 60_000;

if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  test.skip('not reachable', () => undefined);
} else {
  let proxy: FaultProxy;
  let many: ManyProduct;
  let planText: string;
  let env: NodeJS.ProcessEnv;
  let buckets = 0;
  const children: ChildProcess[] = [];

  test.before(async () => {
    proxy = await startFaultProxy(peer.url);
    many = await manyProduct('store');
    planText = readFileSync(many.plan, 'utf8');
    env = { ...many.env, ...CREDENTIALS };
  });
  test.before.each(async () => {
    proxy.faults.length = 0;
    proxy.seen.length = 0;
    many.reset();
    writeFileSync(many.plan, planText);
    const bucket = `apply-${(buckets += 1)}`;
    await makeBucket(peer.url, bucket);
    many.edit((plan) => void (plan.artifacts = { store: `s3://${bucket}/many`, endpoint: proxy.url }));
  });
  test.after.each(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  test.after(async () => {
    await proxy.stop();
    await peer.stop();
  });

  /** The store, reached without the proxy. */
  const direct = async (): Promise<S3Store> => {
    const place = { what: 'test', bucket: `apply-${buckets}`, endpoint: peer.url };
    const host = { env: CREDENTIALS, signal: new AbortController().signal, report: () => undefined };
    return new S3Store(await openBucketAt(place, host), 'many');
  };

  /** Another host, with the same plan and nothing in its folder. */
  const another = (): Product => {
    const host = product('store-host');
    writeFileSync(host.plan, readFileSync(many.plan, 'utf8'));
    return host;
  };
  /** What it makes on each host. */
  const run = async (host: Product, ...args: string[]): Promise<CliResult> => {
    const own = { ...env, TMPDIR: scratch('store-tmp') };
    const { child, done } = host.start(args, own);
    children.push(child);
    const limit = sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${args.join(' ')} does not end`);
    });
    return await Promise.race([done, limit]);
  };
  const apply = async (host: Product, ...flags: string[]): Promise<CliResult> =>
    await run(host, 'apply', 'plan.yml', '--json', ...flags);
  const madeBy = ({ stdout }: CliResult): string[] =>
    (JSON.parse(stdout) as { plans: Array<{ steps: Array<{ title: string; state: string }> }> }).plans
      .flatMap(({ steps }) => steps)
      .flatMap(({ title, state }) => (state === 'done' && title !== 'report' ? [title] : []))
      .toSorted();
  const TITLES = PAIRS.map(({ from, to }) => `delta ${from} -> ${to} (rdiff)`).toSorted();
  /** Without what the folder remembers of its store. */
  const archived = (): Map<string, string> =>
    new Map([...snapshot(many)].filter(([path]) => !path.endsWith('.release-plan-store.json')));
  const images = (host: Product): string[] => filesBelow(host.archive).filter((name) => name.endsWith('.squashfs'));

  test('what one host made is there for the next, which makes nothing anew and fetches what it needs', async () => {
    const first = await apply(many);
    assert.is(first.exitCode, 0, first.stderr);
    assert.equal(madeBy(first), TITLES);
    assert.equal(differences(archived(), many.reference), []);

    const other = another();
    const looked = await run(other, 'plan', 'plan.yml');
    assert.is(looked.exitCode, 0, looked.stderr);
    assert.match(looked.stdout, /1 step\n +report/);
    const nothing = await apply(other);
    assert.is(nothing.exitCode, 0, nothing.stderr);
    assert.equal(madeBy(nothing), []);
    assert.equal(images(other), []);
    assert.equal(
      JSON.parse(readFileSync(join(other.dir, 'artifacts/targets.json'), 'utf8')),
      JSON.parse(readFileSync(join(many.dir, 'artifacts/targets.json'), 'utf8')),
    );

    // What is in the store alone is not lost.
    const verified = await run(other, 'verify', 'plan.yml');
    assert.is(verified.exitCode, 5);
    assert.match(verified.stderr, /error\[archive-in-store\].*0\.1\.0, 0\.2\.0/);

    other.edit((plan) => void (plan.deltas[0] = { to: '0.3.0', from: ['0.1.0', '0.2.0'], engine: 'rdiff' }));
    const more = await apply(other);
    assert.is(more.exitCode, 0, more.stderr);
    assert.equal(madeBy(more), ['delta 0.1.0 -> 0.3.0 (rdiff)']);
    assert.equal(
      images(other).map((name) => name.split('/')[0]),
      ['0.1.0', '0.3.0'],
    );

    many.edit((plan) => void (plan.deltas[0] = { to: '0.3.0', from: ['0.1.0', '0.2.0'], engine: 'rdiff' }));
    const back = await apply(many);
    assert.is(back.exitCode, 0, back.stderr);
    assert.equal(madeBy(back), []);

    // Packages that are in the store alone are fetched to be published.
    const third = another();
    third.edit((plan) => void (plan.publish = [{ name: 'lab', kind: 'directory', path: 'srv' }]));
    const sent = await run(third, 'publish', 'plan.yml');
    assert.is(sent.exitCode, 0, sent.stderr);
    assert.is(filesBelow(join(third.dir, 'srv')).filter((name) => name.endsWith('.swu')).length, PAIRS.length + 1);

    // Whoever may write into the store has nothing signed by that: a version that no key of the plan vouches for.
    const store = await direct();
    const folder = `refs/${MACHINE}/image-prod`;
    const known = await store.read(`${folder}/0.1.0/version.json`);
    const named = await parseNamed(known?.bytes ?? Buffer.alloc(0), 'test');
    if ('removed' in named) throw new Error('nothing was removed');
    const { ref } = named;
    const altered = join(scratch('altered'), 'manifest.json');
    const { self: _self, ...manifest } = JSON.parse(
      readFileSync(join(many.archive, '0.1.0/manifest.json'), 'utf8'),
    ) as Record<string, unknown>;
    writeFileSync(altered, sealJson({ ...manifest, archivedAt: '2020-01-01T00:00:00.000Z' }));
    const digest = await digestFile(altered);
    await store.put({ path: altered, ...digest }, () => undefined);
    await store.write(`${folder}/0.1.0/version.json`, formatRef({ ...ref, manifest: digest }), known);
    const trusting = another();
    trusting.edit((plan) => void (plan.deltas[1] = { to: '0.2.0', from: ['0.1.0'], engine: 'rdiff' }));
    const refused = await apply(trusting);
    assert.is(refused.exitCode, 4, refused.stderr);
    assert.match(refused.stderr, /error\[archive-(damaged|contradicted)\].*0\.1\.0/);

    // Without its store nothing is made: a released version is never built anew.
    const alone = another();
    proxy.faults.push({ match: /./, times: 999, how: { kind: 'answer', status: 403 } });
    const failed = await apply(alone);
    assert.is(failed.exitCode, 5, failed.stderr);
    assert.match(failed.stderr, /error\[server-denied\]/);
    assert.not(existsSync(alone.archive));
  });

  test('a version that waits in the trash of the store is not built anew, on no host', async () => {
    assert.is((await apply(many, '--only', 'build')).exitCode, 0);
    const store = await direct();
    const name = `refs/${MACHINE}/image-prod/0.1.0/version.json`;
    const known = await store.read(name);
    const named = await parseNamed(known?.bytes ?? Buffer.alloc(0), 'test');
    if ('removed' in named) throw new Error('nothing was removed');
    const removedAt = '2026-01-02T03:04:05.000Z';
    await store.write(name, formatRemoved({ ...named.ref, removedAt }), known);
    const host = another();
    const refused = await apply(host, '--new-archive');
    assert.is(refused.exitCode, 4, refused.stderr);
    assert.match(
      refused.stderr,
      /build 0\.1\.0: 0\.1\.0 is in the trash of \S+ since 2026-01-02T03:04:05\.000Z, so it is not built anew/,
    );
    assert.not(existsSync(join(host.archive, '0.1.0')), 'nothing of it was built');
  });

  test('what could not be sent is sent by the next run, and not made again', async () => {
    // Killed in the middle of an upload.
    proxy.faults.push({ match: /^PUT .*objects/, times: 1, how: { kind: 'slow', delayMs: PATIENCE_MS } });
    const { child, done } = many.start(['apply', 'plan.yml'], env);
    children.push(child);
    const isSending = (): boolean =>
      proxy.seen.some(({ what }) => what.startsWith('PUT') && what.includes('/objects/'));
    for (const until = performance.now() + PATIENCE_MS; !isSending(); await sleep(10))
      assert.ok(performance.now() < until, 'nothing is sent');
    child.kill('SIGKILL');
    await done;

    // A store that is full.
    proxy.faults.length = 0;
    proxy.faults.push({ match: /^PUT .*refs.*from_/, times: 99, how: { kind: 'answer', status: 507 } });
    const failed = await apply(many, '--jobs', '1');
    assert.is(failed.exitCode, 5, failed.stderr);
    proxy.faults.length = 0;
    const again = await apply(many);
    assert.is(again.exitCode, 0, again.stderr);
    // The one that failed was made; the others were not begun.
    const [first] = PAIRS;
    assert.equal(
      madeBy(again),
      TITLES.filter((title) => title !== `delta ${first?.from} -> ${first?.to} (rdiff)`),
    );
  });

  test('a host that makes single steps sends what it made and could not send, and makes it once', async () => {
    assert.is((await apply(many, '--only', 'build')).exitCode, 0);
    const host = another();
    const step = ['make', 'plan.yml', 'delta:0.1.0:0.4.0:rdiff'];
    proxy.faults.push({ match: /^PUT .*refs.*from_/, times: 99, how: { kind: 'answer', status: 507 } });
    const failed = await run(host, ...step);
    assert.is(failed.exitCode, 5, failed.stderr);
    proxy.faults.length = 0;
    const again = await run(host, ...step);
    assert.is(again.exitCode, 0, again.stderr);
    assert.match(`${again.stdout}${again.stderr}`, 'was there already');
    const name = `refs/${MACHINE}/image-prod/0.4.0/from_0.1.0.json`;
    assert.ok(await (await direct()).read(name), `the store has no ${name}`);
  });

  /** A redis server and a worker with a folder of its own; the store has the versions, and the worker nothing. */
  const withWorker = async (
    body: (queue: { url: string; env: NodeJS.ProcessEnv; worker: Product; said(): string }) => Promise<void>,
    { flags = [], prepare }: { flags?: readonly string[]; prepare?: (worker: Product) => void } = {},
  ): Promise<void> => {
    const redis = await redisServer();
    try {
      assert.is((await run(many, 'apply', 'plan.yml', '--only', 'build')).exitCode, 0);
      const worker = another();
      const queue = { ...env, RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' };
      const words = ['worker', 'plan.yml', '--queue', redis.url, '--only', 'delta', '--concurrency', '2', ...flags];
      prepare?.(worker);
      const { child } = worker.start(words, { ...queue, QUEUE_TEST_KEY: '', TMPDIR: scratch('worker-tmp') });
      children.push(child);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
      for (const until = performance.now() + PATIENCE_MS; !/takes delta steps of/.test(said); await sleep(20))
        if (performance.now() > until || child.exitCode !== null) throw new Error(`no worker: ${said}`);
      await body({ url: redis.url, env: { ...queue, TMPDIR: scratch('apply-tmp') }, worker, said: () => said });
    } finally {
      await redis.kill();
    }
  };
  const startApply = (url: string, own: NodeJS.ProcessEnv): ReturnType<ManyProduct['start']> => {
    const started = many.start(['apply', 'plan.yml', '--json', '--queue', url], own);
    children.push(started.child);
    return started;
  };
  const endOf = async (done: Promise<CliResult>, said: () => string): Promise<CliResult> =>
    await Promise.race([
      done,
      sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error(`apply does not end: ${said()}`);
      }),
    ]);
  const begun = (said: string): number => said.match(/^> /gm)?.length ?? 0;
  const left = (host: Product): string[] => filesBelow(host.archive).filter((name) => name.includes('.deltas-from_'));

  test('workers with folders of their own make what apply hands out, bit for bit', async () => {
    await withWorker(async ({ url, env: own, said }) => {
      const ended = await endOf(startApply(url, own).done, said);
      assert.is(ended.exitCode, 0, ended.stderr);
      assert.equal(madeBy(ended), TITLES);
      assert.is(begun(said()), TITLES.length);
      assert.equal(differences(archived(), many.reference), []);
    });
  });

  test('a worker that follows makes what a plan of another commit asks for', async () => {
    const git = (dir: string, ...args: string[]): string =>
      execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const bare = join(scratch('remote'), 'plans.git');
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    const commitPlan = (message: string): void => {
      git(many.dir, 'add', 'plan.yml');
      git(many.dir, 'commit', '-qm', message);
      git(many.dir, 'push', '-q', bare, 'main');
    };
    execFileSync('git', ['init', '-q', '-b', 'main', many.dir]);
    try {
      commitPlan('the plan');
      const prepare = (worker: Product): void => {
        execFileSync('git', ['init', '-q', '-b', 'main', worker.dir]);
        git(worker.dir, 'remote', 'add', 'origin', bare);
        git(worker.dir, 'fetch', '-q', 'origin');
        git(worker.dir, 'reset', '-q', 'origin/main');
      };
      await withWorker(
        async ({ url, env: own, worker, said }) => {
          many.edit((plan) => void (plan.swu = { ...plan.swu, compress: 'zstd' }));
          commitPlan('packages are compressed otherwise');
          assert.not(readFileSync(worker.plan, 'utf8').includes('compress: zstd'));
          const ended = await endOf(startApply(url, own).done, said);
          assert.is(ended.exitCode, 0, ended.stderr);
          assert.equal(madeBy(ended), TITLES);
          assert.is(begun(said()), TITLES.length);
          assert.is(readFileSync(worker.plan, 'utf8'), readFileSync(many.plan, 'utf8'));
          assert.is(git(worker.dir, 'rev-parse', 'HEAD'), git(many.dir, 'rev-parse', 'HEAD'));
        },
        { flags: ['--follow', 'origin'], prepare },
      );
    } finally {
      rmSync(join(many.dir, '.git'), { recursive: true, force: true });
    }
  });

  /** The key is where apply runs; workers have the variable, and nothing in it. */
  const keyHere = (): void => {
    env = { ...env, QUEUE_TEST_KEY: join(many.keys, 'rsa.pem') };
    many.edit((plan) => void (plan.signing.key = '${QUEUE_TEST_KEY}'));
  };

  test('a worker without the key makes deltas in a folder of its own; apply takes, proves and signs them', async () => {
    keyHere();
    await withWorker(async ({ url, env: own, worker, said }) => {
      assert.match(said(), 'to be signed where it comes from');
      const ended = await endOf(startApply(url, own).done, said);
      assert.is(ended.exitCode, 0, ended.stderr);
      assert.equal(madeBy(ended), TITLES);
      assert.is(begun(said()), TITLES.length);
      assert.equal(differences(archived(), many.reference), []);
      assert.equal([...left(many), ...left(worker)], []);
    });
  });

  test('deltas that were made for an apply that was stopped are not made again by the next one', async () => {
    keyHere();
    await withWorker(async ({ url, env: own, said }) => {
      const first = startApply(url, own);
      for (const until = performance.now() + PATIENCE_MS; begun(said()) < 1; await sleep(10))
        assert.ok(performance.now() < until, said());
      first.child.kill('SIGINT');
      await endOf(first.done, said);
      const isIdle = (): boolean => (said().match(/to be packed and signed$/gm)?.length ?? 0) === begun(said());
      for (const until = performance.now() + PATIENCE_MS; begun(said()) < TITLES.length || !isIdle(); await sleep(50))
        assert.ok(performance.now() < until, said());
      const ended = await endOf(startApply(url, own).done, said);
      assert.is(ended.exitCode, 0, ended.stderr);
      assert.is(begun(said()), TITLES.length, said());
      assert.equal(differences(archived(), many.reference), []);
    });
  });
}

test.run();
