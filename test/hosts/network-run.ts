/** What network.test.ts runs inside a lab; prints what happened, and fails with what was wrong. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { requirePlan } from '../../src/plan/load.ts';
import type { VersionManifest } from '../../src/core/archive.ts';
import { differences, snapshot } from '../faults/rig.ts';
import { archiveWith, IMAGE } from '../support/archived.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { HUB, makeHost, makeHub, type LabHost } from '../support/lab.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../support/peers/s3.ts';
import { noise } from '../support/noise.ts';
import { product, type CliResult, type PlanYaml, type Product } from '../support/product.ts';
import { redisServer, type RedisServer } from '../support/redis.ts';
import { scratch } from '../support/scratch.ts';
import { stub, type Stub } from '../support/stub.ts';

const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));

/** Longer than any part takes on a busy machine. */
const PATIENCE_MS = 120_000;
const BASES = Array.from({ length: 30 }, (_, at) => `0.${at + 1}.0`);
const BUILT = ['1.0.0', '1.1.0'];
const PAIRS = BUILT.flatMap((to) => BASES.map((from) => `delta ${from} -> ${to} (rdiff)`));
/** The first base is built, and others are it and some bytes more: 30 builds would take minutes. */
const MORE_BYTES = 5000;
/** Longer than a worker may be silent before its steps are another's. */
const CUT_MS = 8000;
const STORE_AWAY_MS = 5000;
const WORDS_SHOWN = 3000;
const PASSWORD = 'known to all hosts';

const startedMs = performance.now();
const say = (what: string): void =>
  void process.stdout.write(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${what}\n`);

/** A program of this test on one of its hosts. */
class Running {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  said = '';
  #out = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => void (this.#out += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => void (this.said += chunk.toString('utf8')));
    this.done = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ exitCode: code ?? -1, stdout: this.#out, stderr: this.said }));
    });
  }
}

/** Waits for something, and says what it waited for where that never comes. */
async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await sleep(20)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited in vain until ${what}\n${everything()}`);
}

/** A host with a folder of its own, on which a worker is started again and again. */
class WorkHost {
  readonly host: LabHost;
  readonly dir: string;
  readonly gzip: Stub;
  /** Every worker that ran here, the last of them last. */
  readonly lives: Running[] = [];
  readonly #flags: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  constructor(host: LabHost, dir: string, flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.host = host;
    this.dir = dir;
    this.#flags = flags;
    this.gzip = stub(scratch(`lab-${host.name}`), 'libdeflate-gzip');
    this.#env = { ...env, PATH: this.gzip.path, TMPDIR: scratch(`lab-${host.name}-tmp`) };
  }

  async work(): Promise<void> {
    const command = [process.execPath, BIN, 'worker', 'plan.yml', ...this.#flags];
    const life = new Running(this.host.start(command, { cwd: this.dir, env: this.#env }));
    this.lives.push(life);
    await until(`${this.host.name} works`, () => {
      if (life.child.exitCode !== null) throw new Error(`${this.host.name} ended: ${life.said}`);
      return /takes delta steps/.test(life.said) && /takes build steps/.test(life.said);
    });
  }

  get life(): Running {
    const last = this.lives.at(-1);
    if (last === undefined) throw new Error(`${this.host.name} did not start`);
    return last;
  }

  /** Kills the worker alone; what it had started ends by itself or goes on. */
  async kill(): Promise<void> {
    this.life.child.kill('SIGKILL');
    await this.life.done;
  }
}

/** Steps that a worker began, in order. */
const begunBy = ({ said }: Running): string[] => [...said.matchAll(/^> (.*)$/gm)].map((found) => found[1] ?? '');
/** Steps that a worker ended. */
const endedBy = ({ said }: Running): string[] =>
  [...said.matchAll(/^ *done: ((?:build|delta) [^:]*): /gm)].map((found) => found[1] ?? '');
const openBy = (life: Running): string[] => begunBy(life).filter((title) => !endedBy(life).includes(title));

const hosts: WorkHost[] = [];
const lives = (): Running[] => hosts.flatMap((one) => one.lives);
const ended = (): number =>
  lives()
    .flatMap(endedBy)
    .filter((title) => title.startsWith('delta')).length;
/** The last words of everybody, for whoever has to find out what went wrong. */
const everything = (): string =>
  [...hosts.flatMap((one) => one.lives.map((life) => [one.host.name, life.said])), ['apply', applying?.said ?? '']]
    .map(([name, said]) => `--- ${name}\n${said?.slice(-WORDS_SHOWN)}`)
    .join('\n');

/** Steps that were begun by whom something happened, and may be made again. */
const mayBeTwice: string[] = [];
let applying: Running | undefined;

async function more(count: number, what: string): Promise<void> {
  const before = ended();
  await until(`${count} more deltas after ${what}`, () => ended() >= before + count);
}

/** A certificate for the hub, which hosts trust by `ca`. */
function tlsFor(dir: string): { key: string; cert: string; file: string } {
  const [key, cert] = [join(dir, 'hub.key'), join(dir, 'hub.crt')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=hub',
    ].concat(['-addext', `subjectAltName=IP:${HUB}`, '-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert };
}

async function main(): Promise<void> {
  makeHub();
  const server = process.env.RELEASE_PLAN_VERSITYGW === undefined ? await startS3rver() : await startVersitygw();
  if ('skipped' in server) throw new Error(server.skipped);
  const tls = tlsFor(scratch('lab-tls'));
  const proxy = await startFaultProxy(server.url, { address: HUB, tls });
  const keeping = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const redis = await redisServer([...keeping, '--bind', '127.0.0.1', HUB, '--requirepass', PASSWORD]);
  try {
    await release(proxy, redis, server.url, tls.file);
  } finally {
    for (const life of lives()) life.child.kill('SIGKILL');
    applying?.child.kill('SIGKILL');
    await proxy.stop();
    await redis.kill();
    await server.stop();
  }
}

async function release(proxy: FaultProxy, redis: RedisServer, s3: string, ca: string): Promise<void> {
  const here = product('lab', 1);
  const env = {
    ...process.env,
    ...CREDENTIALS,
    SOURCE_DATE_EPOCH: '1700000000',
    TMPDIR: scratch('lab-tmp'),
    RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share',
    RELEASE_PLAN_QUEUE_PASSWORD: PASSWORD,
  };
  const slow = here.kasFile('slow', ['STAND_IN_TASK_SECONDS = "1"']);
  here.edit((plan) => {
    plan.versions = [...BASES, ...BUILT].map((version) => ({ version, kas: [slow] }));
    plan.deltas = BUILT.map((to) => ({ to, from: BASES, engine: 'rdiff' }));
    plan.signing = { method: 'rsa', key: join(here.keys, 'rsa.pem'), public: join(here.keys, 'rsa.pub.pem') };
  });
  await archiveBases(here, env);
  const root = join(here.dir, 'artifacts');
  const kept = join(scratch('lab-kept'), 'artifacts');
  cpSync(root, kept, { recursive: true, preserveTimestamps: true });
  const folders = ['one', 'two', 'three'].map((name) => join(scratch(`lab-host-${name}`), 'checkout'));
  for (const folder of folders) {
    mkdirSync(folder);
    for (const part of ['kas', 'layers', 'plan.yml'])
      cpSync(join(here.dir, part), join(folder, part), { recursive: true });
  }
  say(`${BASES.length} versions are archived`);

  const one = await here.run(['apply', 'plan.yml'], env);
  assert.is(one.exitCode, 0, one.stderr);
  const reference = snapshot(here);
  say('one host has made everything');
  rmSync(root, { recursive: true, force: true });
  rmSync(join(here.dir, 'build'), { recursive: true, force: true });
  rmSync(join(here.dir, '.release-plan'), { recursive: true, force: true });
  cpSync(kept, root, { recursive: true, preserveTimestamps: true });

  await makeBucket(s3, 'lab');
  for (const dir of [here.dir, ...folders]) useStore(dir, { store: 's3://lab/tolomeo', endpoint: proxy.url, ca });
  const own = makeHost('apply', 10, folders);
  const queue = ['--queue', `redis://${HUB}:${redis.port}`];
  for (const [at, dir] of folders.entries()) {
    const hidden = [here.dir, ...folders.filter((folder) => folder !== dir)];
    hosts.push(new WorkHost(makeHost(`worker-${at + 1}`, 11 + at, hidden), dir, queue, env));
  }
  const run = (dir: string, ...args: string[]): Running =>
    new Running(own.start([process.execPath, BIN, ...args], { cwd: dir, env }));
  const requireOk = async (dir: string, ...args: string[]): Promise<CliResult> => {
    const result = await run(dir, ...args).done;
    assert.is(result.exitCode, 0, `${args.join(' ')}: ${result.stderr}${result.stdout}`);
    return result;
  };
  await requireOk(here.dir, 'archive', 'push', 'plan.yml');
  say('the store has the versions');
  for (const host of hosts) await host.work();
  proxy.seen.length = 0;
  applying = run(here.dir, 'apply', 'plan.yml', ...queue, '--hand-out', 'build,delta', '--json');
  const result = await misfortunes(applying, proxy, redis);
  say(`apply has ended: ${ended()} deltas`);
  assert.is(result.exitCode, 0, everything());
  countRequests(proxy);

  onceEach();
  const fresh = join(scratch('lab-fresh'), 'checkout');
  cpSync(folders[0] ?? '', fresh, { recursive: true, filter: (path) => !path.includes('/artifacts') });
  rmSync(join(fresh, '.release-plan'), { recursive: true, force: true });
  const onFresh = async (...args: string[]): Promise<CliResult> => await requireOk(fresh, ...args);
  await onFresh('archive', 'pull', 'plan.yml');
  assert.equal(unlike(snapshot({ ...here, dir: fresh }), reference), [], 'paths that differ from what one host made');
  const left = await onFresh('plan', 'plan.yml');
  assert.match(left.stdout, /1 step\n +report/, 'what is left to do is the report of this host');
  say('the archive is that of one host, bit for bit');
}

async function archiveBases(here: Product, env: NodeJS.ProcessEnv): Promise<void> {
  const { plan } = await requirePlan('plan.yml', { cwd: here.dir });
  const text = readFileSync(here.plan, 'utf8');
  const [first = '', ...others] = BASES;
  here.edit((one) => {
    one.versions = one.versions.slice(0, 1);
    one.deltas = [];
  });
  const { exitCode, stderr } = await here.run(['apply', 'plan.yml', '--only', 'build,archive'], env);
  assert.is(exitCode, 0, stderr);
  writeFileSync(here.plan, text);
  const built = JSON.parse(readFileSync(join(here.archive, first, 'manifest.json'), 'utf8')) as VersionManifest;
  const image = readFileSync(join(here.archive, first, IMAGE));
  for (const [at, version] of others.entries()) {
    const bytes = Buffer.concat([image, noise(MORE_BYTES, at + 1)]);
    await archiveWith(plan, version, (path) => writeFileSync(path, bytes), built.configuration);
  }
}

/** Makes the archive's folder the cache of a store. */
function useStore(dir: string, store: Record<string, string>): void {
  const file = join(dir, 'plan.yml');
  const plan = parse(readFileSync(file, 'utf8')) as PlanYaml;
  writeFileSync(file, stringify({ ...plan, artifacts: { path: 'artifacts', ...store } }));
}

/** What happens during the release, one thing after the other. */
async function misfortunes(apply: Running, proxy: FaultProxy, redis: RedisServer): Promise<CliResult> {
  const [cut, killed, sending] = await firstBuild(apply);
  await more(2, 'the builds');

  killed.gzip.hang();
  await until('a delta is compressed', () => killed.gzip.pid());
  mayBeTwice.push(...openBy(killed.life));
  say(`${killed.host.name} is killed in the middle of: ${openBy(killed.life).join()}`);
  await killed.kill();
  killed.gzip.free();
  await killed.work();
  await more(3, 'a worker died in a delta');

  const { address } = sending.host;
  proxy.faults.push({ match: /^PUT .*\/objects\//, from: address, times: 99, how: { kind: 'stall', afterBytes: 1 } });
  proxy.seen.length = 0;
  await until('something is sent', () =>
    proxy.seen.some(({ what, from, bytes }) => from === address && /^PUT .*objects/.test(what) && bytes > 0),
  );
  mayBeTwice.push(...openBy(sending.life));
  say(`${sending.host.name} is killed in the middle of an upload of: ${openBy(sending.life).join()}`);
  await sending.kill();
  proxy.faults.length = 0;
  await sending.work();
  await more(3, 'a worker died in an upload');

  say('redis is restarted');
  await redis.stop();
  await sleep(1000);
  await redis.start();
  await more(5, 'redis was restarted');

  say(`the store answers 503 for ${STORE_AWAY_MS / 1000} s`);
  proxy.faults.push({ match: /./, times: 1e6, how: { kind: 'answer', status: 503 } });
  await sleep(STORE_AWAY_MS);
  proxy.faults.length = 0;
  await more(3, 'the store was away');

  await until('the worker makes something', () => openBy(cut.life).length > 0);
  cut.host.cut();
  const lost = openBy(cut.life);
  mayBeTwice.push(...lost);
  say(`${cut.host.name} loses its network in the middle of: ${lost.join()}`);
  await sleep(CUT_MS);
  cut.host.mend();
  say('and has it again');
  const begun = begunBy(cut.life).length;
  await until(
    'it works again, or all is made',
    () => begunBy(cut.life).length > begun || apply.child.exitCode !== null,
  );
  return await Promise.race([
    apply.done,
    sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`apply does not end\n${everything()}`);
    }),
  ]);
}

/** A host loses its power in a build. @returns the hosts, that one first */
async function firstBuild(apply: Running): Promise<[WorkHost, WorkHost, WorkHost]> {
  await until('a task runs', () => /task 1 of/.test(apply.said));
  const builder = hosts.find(({ life }) => begunBy(life).some((title) => title.startsWith('build')));
  const [next, last] = hosts.filter((one) => one !== builder);
  if (builder === undefined || next === undefined || last === undefined) throw new Error('nobody builds');
  mayBeTwice.push(...openBy(builder.life));
  say(`${builder.host.name} loses its power in the middle of: ${openBy(builder.life).join()}`);
  builder.host.crash();
  await builder.life.done;
  await builder.work();
  return [builder, next, last];
}

/** Nothing is made twice but what somebody had begun to whom something happened. */
function onceEach(): void {
  const begun = lives().flatMap(begunBy);
  const times = (list: readonly string[], title: string): number => list.filter((one) => one === title).length;
  const all = [...BUILT.map((version) => `build ${version}`), ...PAIRS];
  assert.equal([...new Set(begun)].toSorted(), all.toSorted());
  const twice = all.filter((title) => times(begun, title) > 1 + times(mayBeTwice, title));
  assert.equal(twice, [], `made once more, and by no misfortune\n${everything()}`);
  say(`made anew: ${all.filter((title) => times(begun, title) > 1).join()}`);
}

/** What the network carried. */
function countRequests({ seen }: FaultProxy): void {
  const sum = (of: (one: (typeof seen)[number]) => number): number => seen.reduce((total, one) => total + of(one), 0);
  say(
    `${seen.length} requests, ${sum((one) => one.bytes)} bytes to the store, ${sum((one) => one.answeredBytes)} from it`,
  );
}

/** Without what a folder remembers of its store, and reports, which stay where they were made. */
function unlike(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  return differences(found, expected).filter((path) => !/\.release-plan-store\.json$|(^|\/)reports(\/|$)/.test(path));
}

await main();
