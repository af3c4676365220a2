/** Workers as processes of their own, Debian's redis-server between them: the archive is that of one host, bit for bit. */
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { differences, snapshot } from '../faults/rig.ts';
import { manyProduct, PAIRS, type ManyProduct } from '../support/many.ts';
import { filesBelow, type CliResult } from '../support/product.ts';
import { freePort, redisServer, type RedisServer } from '../support/redis.ts';
import { scratch } from '../support/scratch.ts';
import { stub } from '../support/stub.ts';

const test = suite('queue');

/** Longer than anything here takes on a busy machine. */
const PATIENCE_MS = 60_000;

let many: ManyProduct;
let planText: string;
let redis: RedisServer;
let env: NodeJS.ProcessEnv;
const children: ChildProcess[] = [];

test.before(async () => {
  many = await manyProduct('queue');
  planText = readFileSync(many.plan, 'utf8');
  redis = await redisServer();
  env = { ...many.env, RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' };
});

test.before.each(() => {
  many.reset();
  writeFileSync(many.plan, planText);
});

test.after.each(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test.after(async () => await redis.kill());

interface Running {
  child: ChildProcess;
  done: Promise<CliResult>;
  /** What it has said on stderr. */
  said(): string;
  /** Waits until it has said this. */
  says(words: RegExp): Promise<void>;
}

function start(args: readonly string[], more: NodeJS.ProcessEnv = {}): Running {
  const { child, done } = many.start(args, { ...env, ...more });
  children.push(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  return {
    child,
    done: Promise.race([
      done,
      sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error(`${args.join(' ')} does not end: ${said}`);
      }),
    ]),
    said: () => said,
    async says(words) {
      for (const until = performance.now() + PATIENCE_MS; !words.test(said); await sleep(10))
        if (performance.now() > until || child.exitCode !== null) throw new Error(`it does not say ${words}: ${said}`);
    },
  };
}

/** A worker that takes steps by now. */
async function worker(more: NodeJS.ProcessEnv = {}, flags: readonly string[] = []): Promise<Running> {
  const running = start(['worker', 'plan.yml', '--queue', redis.url, '--only', 'delta', ...flags], more);
  await running.says(/takes delta steps of/);
  return running;
}

const apply = (more: NodeJS.ProcessEnv = {}, flags: readonly string[] = []): Running =>
  start(['apply', 'plan.yml', '--queue', redis.url, '--only', 'delta,report', '--json', ...flags], more);

const stepsOf = (run: CliResult): Array<{ title: string; state: string; message: string; code?: string }> =>
  (JSON.parse(run.stdout) as { plans: Array<{ steps: [] }> }).plans[0]?.steps ?? [];

/** How often workers began to make something. */
const begun = (...workers: Running[]): number => workers.flatMap((one) => one.said().match(/^> /gm) ?? []).length;

const unfinished = (): string[] => filesBelow(many.dir).filter((file) => file.includes('release-plan-tmp'));

function sameAsOneHost(run: CliResult): void {
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(differences(snapshot(many), many.reference), []);
  assert.equal(unfinished(), []);
}

test('two workers make each step once; what they say is in the one terminal', async () => {
  const [one, two] = [await worker(), await worker({}, ['--concurrency', '2'])];
  const run = await apply().done;
  sameAsOneHost(run);
  assert.is(begun(one, two), PAIRS.length);
  assert.match(run.stderr, /^ {2}\S+\/\d+: rootfs: delta of/m);
  for (const { message, title } of stepsOf(run).filter((step) => step.title !== 'report'))
    assert.match(message, /^\S+\/\d+: delta-update-\S+: .*; proven$/, title);
  one.child.kill('SIGTERM');
  assert.is((await one.done).exitCode, 0, 'a worker that is told to stop has done nothing wrong');
});

const KEY_BY_NAME = '${QUEUE_TEST_KEY}';

const leftDeltas = (): string[] => filesBelow(many.archive).filter((file) => file.includes('.deltas-from_'));

test('a worker without the key makes deltas; they are proven again and signed where the key is', async () => {
  many.edit((plan) => void (plan.signing.key = KEY_BY_NAME));
  const keyless = await worker();
  assert.match(keyless.said(), 'to be signed where it comes from');
  const run = await apply({ QUEUE_TEST_KEY: join(many.keys, 'rsa.pem') }).done;
  sameAsOneHost(run);
  assert.is(begun(keyless), PAIRS.length);
  assert.equal(leftDeltas(), []);
});

test('nothing that a worker without the key left is signed unproven', async () => {
  many.edit((plan) => void (plan.signing.key = KEY_BY_NAME));
  await worker();
  const unsigned = await apply({}, ['--keep-going']).done;
  assert.is(unsigned.exitCode, 5);
  assert.equal(
    stepsOf(unsigned).flatMap(({ code }) => code ?? []),
    PAIRS.map(() => 'signing-key-missing'),
  );
  const deltas = leftDeltas().filter((file) => file.endsWith('.delta'));
  assert.is(deltas.length, PAIRS.length);
  const [ofAnotherTarget = '', wrong = '', cut = ''] = deltas.map((file) => join(many.archive, file));
  // One is of other images, and so is its compressed form; another was cut off.
  for (const end of ['', '.gz']) cpSync(`${ofAnotherTarget}${end}`, `${wrong}${end}`);
  writeFileSync(cut, '');
  const local = { ...many.env, QUEUE_TEST_KEY: join(many.keys, 'rsa.pem') };
  const refused = await many.run(['apply', 'plan.yml', '--keep-going', '--json'], local);
  assert.is(refused.exitCode, 4, refused.stderr);
  assert.equal(
    stepsOf(refused).flatMap(({ code }) => code ?? []),
    ['delta-unproven'],
  );
  assert.equal(leftDeltas(), []);
  sameAsOneHost(await many.run(['apply', 'plan.yml', '--json'], local));
});

test('a worker killed in the middle of a delta is replaced, and redis loses everything: the same archive', async () => {
  const hung = stub(scratch('queue-killed'), 'libdeflate-gzip');
  hung.hang();
  const dying = await worker({ PATH: hung.path });
  const run = apply();
  while (hung.pid() === undefined) await sleep(10);
  const other = await worker();
  await run.says(/delta .*\n(.*\n)*.*compress/);
  dying.child.kill('SIGKILL');
  hung.free();
  await other.says(/done: /);
  await redis.kill();
  await sleep(300);
  await redis.start();
  const result = await run.done;
  assert.is(result.exitCode, 0, result.stderr);
  // What the dead worker had begun stays until an apply finds no worker that it could belong to.
  other.child.kill('SIGTERM');
  await other.done;
  const again = await many.run(['apply', 'plan.yml'], many.env);
  assert.match(again.stdout, 'Nothing to do');
  sameAsOneHost(again);
});

test('apply is stopped and attached again: workers go on meanwhile, and nothing is made twice', async () => {
  const hung = stub(scratch('queue-attach'), 'libdeflate-gzip');
  hung.hang();
  const slow = await worker({ PATH: hung.path });
  const first = apply();
  while (hung.pid() === undefined) await sleep(10);
  first.child.kill('SIGINT');
  const stopped = await first.done;
  assert.is(stopped.exitCode, 130, stopped.stderr);
  assert.match(stopped.stderr, 'stay in the queue');
  const second = apply();
  await second.says(/is being made already/);
  hung.free();
  sameAsOneHost(await second.done);
  assert.is(begun(slow), PAIRS.length);
});

test('a worker that is told to stop gives back what it makes, at once', async () => {
  const hung = stub(scratch('queue-back'), 'libdeflate-gzip');
  hung.hang();
  const leaving = await worker({ PATH: hung.path });
  const run = apply();
  while (hung.pid() === undefined) await sleep(10);
  leaving.child.kill('SIGTERM');
  assert.is((await leaving.done).exitCode, 0, leaving.said());
  hung.free();
  await worker();
  sameAsOneHost(await run.done);
});

/** PATH with a program in front that always fails. */
function failing(program: string): string {
  const bin = join(scratch('queue-failing'), 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, program), '#!/bin/sh\necho no luck >&2\nexit 1\n');
  chmodSync(join(bin, program), 0o755);
  return `${bin}:${process.env.PATH}`;
}

test('a step that fails is tried three times and reported; it loses no other', async () => {
  const poisoned = await worker({ PATH: failing('libdeflate-gzip') });
  const run = await apply({}, ['--keep-going']).done;
  assert.is(run.exitCode, 5, run.stderr);
  const [first] = stepsOf(run);
  assert.is(first?.state, 'failed');
  assert.is(first?.code, 'tool-failed');
  assert.match(first?.message ?? '', /\/\d+: .*no luck/);
  assert.is(begun(poisoned), 3 * PAIRS.length);
  assert.equal(unfinished(), []);
  poisoned.child.kill('SIGKILL');
  await worker();
  sameAsOneHost(await apply().done);
});

test('what is wrong with an image is so everywhere: it is tried once', async () => {
  const image = join(many.archive, '0.3.0/image-prod-tolomeo-qemux86-64.squashfs');
  const bytes = readFileSync(image);
  const run = apply({}, ['--keep-going']);
  await run.says(/> delta/);
  // Found by nobody before the worker reads it.
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(image, bytes);
  const reader = await worker();
  const result = await run.done;
  assert.is(result.exitCode, 4, result.stderr);
  assert.equal(
    stepsOf(result)
      .filter(({ state }) => state === 'failed')
      .map(({ title, code }) => `${title}: ${code}`),
    ['delta 0.2.0 -> 0.3.0 (rdiff): archive-damaged', 'delta 0.3.0 -> 0.4.0 (rdiff): archive-damaged'],
  );
  assert.is(begun(reader), PAIRS.length);
});

test('workers that die of a step one after the other: it is reported after the third', async () => {
  many.edit((plan) => void (plan.deltas = [{ to: '0.4.0', from: ['0.1.0'], engine: 'rdiff' }]));
  const run = apply({}, ['--keep-going']);
  for (let round = 1; round <= 3; round += 1) {
    const hung = stub(scratch(`queue-dying-${round}`), 'libdeflate-gzip');
    hung.hang();
    const dying = await worker({ PATH: hung.path });
    while (hung.pid() === undefined) await sleep(10);
    dying.child.kill('SIGKILL');
    hung.free();
  }
  // Somebody has to notice that the third is dead.
  await worker({ PATH: failing('libdeflate-gzip') });
  const result = await run.done;
  assert.is(result.exitCode, 5, result.stderr);
  assert.is(stepsOf(result)[0]?.code, 'queue-worker-lost');
});

test('a worker that sees another archive leaves with exit 5, and its step goes to one that sees the right one', async () => {
  const elsewhere = scratch('queue-elsewhere');
  cpSync(many.dir, elsewhere, { recursive: true });
  const identity = join(elsewhere, 'artifacts/.release-plan-archive.json');
  const other = '00000000-0000-4000-8000-000000000000';
  for (const file of [identity, join(elsewhere, '.release-plan/archive-tolomeo-plan.json')])
    writeFileSync(file, readFileSync(file, 'utf8').replace(/[0-9a-f-]{36}/, other));
  const stray = start(['worker', join(elsewhere, 'plan.yml'), '--queue', redis.url, '--only', 'delta']);
  await stray.says(/takes delta steps of/);
  const run = apply();
  const left = await stray.done;
  assert.is(left.exitCode, 5, left.stderr);
  assert.match(left.stderr, `error[archive-other]: ${elsewhere}/artifacts is the archive ${other}`);
  await worker();
  sameAsOneHost(await run.done);
});

test('a worker whose plan says otherwise makes nothing, until it says the same', async () => {
  const other = parse(readFileSync(many.plan, 'utf8')) as { swu: { compress: string } };
  other.swu.compress = 'zstd';
  // The same file name, so that it listens to the same queue.
  const folder = join(many.dir, 'other');
  mkdirSync(folder, { recursive: true });
  const text = stringify({ ...other, artifacts: join(many.dir, 'artifacts') });
  cpSync(join(many.dir, 'kas'), join(folder, 'kas'), { recursive: true });
  writeFileSync(join(folder, 'plan.yml'), text);
  const differing = start(['worker', 'other/plan.yml', '--queue', redis.url, '--only', 'delta']);
  await differing.says(/takes delta steps of/);
  const run = await apply().done;
  assert.is(run.exitCode, 5, run.stderr);
  const [first] = stepsOf(run);
  assert.is(first?.code, 'queue-differs');
  assert.match(first?.message ?? '', 'differs from the plan of the host that asks: recipe');
  assert.equal(
    filesBelow(many.archive).filter((file) => file.endsWith('.swu')),
    [],
  );
  // Its checkout moves on.
  writeFileSync(join(folder, 'plan.yml'), text.replace('compress: zstd', 'compress: gzip'));
  sameAsOneHost(await apply().done);
});

test('what contradicts the archive is found before anything is handed out', async () => {
  const registry = join(many.dir, 'artifacts/targets.json');
  writeFileSync(
    registry,
    readFileSync(registry, 'utf8').replaceAll(/"sha256": "[0-9a-f]{64}"/g, `"sha256": "${'0'.repeat(64)}"`),
  );
  const run = await apply().done;
  assert.is(run.exitCode, 4, run.stderr);
  assert.match(run.stderr, 'error[archive-contradicted]');
  assert.not.match(run.stderr, '> delta');
});

test('who has another key is not believed, and makes nothing', async () => {
  await worker({ RELEASE_PLAN_QUEUE_KEY: 'quite another secret' });
  const run = await apply().done;
  assert.is(run.exitCode, 5, run.stderr);
  assert.is(stepsOf(run)[0]?.code, 'queue-forged');
  assert.equal(unfinished(), []);
});

test('without a server, a key or a sensible address: exit 5 or 2, and what to do', async () => {
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  for (const [args, more, exitCode, words] of [
    [['apply', 'plan.yml', '--queue', nobody], {}, 5, 'error[queue-unreachable]'],
    [['apply', 'plan.yml', '--queue', nobody], { RELEASE_PLAN_QUEUE_KEY: '' }, 5, 'error[queue-key-missing]'],
    [['worker', 'plan.yml', '--queue', nobody], { RELEASE_PLAN_QUEUE_KEY: 'short' }, 5, 'fewer than 16 characters'],
    [['apply', 'plan.yml', '--queue', 'http://127.0.0.1'], {}, 2, '--queue expects redis://'],
    [['apply', 'plan.yml', '--queue', nobody, '--hand-out', 'builds'], {}, 2, 'unknown work "builds"'],
    [['apply', 'plan.yml', '--queue', nobody, '--label', 'a b'], {}, 2, 'is not a label'],
    [['apply', 'plan.yml', '--label', 'big'], {}, 2, '--label says which steps go into a queue'],
  ] as const) {
    const run = await start(args, more).done;
    assert.is(run.exitCode, exitCode, run.stderr);
    assert.match(run.stderr, words);
  }
});

test.run();
