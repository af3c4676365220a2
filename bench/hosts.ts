/** One product's deltas made by one host and by workers: pairs per minute, and what queue and store cost. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../test/support/archived.ts';
import { startFaultProxy, type Seen } from '../test/support/fault-proxy.ts';
import type { Peer } from '../test/support/peers/peer.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../test/support/peers/s3.ts';
import { product, type Product } from '../test/support/product.ts';
import { redisServer } from '../test/support/redis.ts';
import { requirePlan } from '../src/plan/load.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { median } from './measure.ts';
import { releasePlan } from './programs.ts';
import { megabytes, seconds } from './table.ts';

const PAIRS = 12;
const SIZES = { small: [200_000, 8_000_000], full: [200_000, 8_000_000, 128_000_000] } as const;

/** Issue 14: what handing a step out may cost. */
const OVERHEAD_MS = 50;

/** How the pairs are made. */
interface Way {
  name: string;
  args: readonly string[];
  workers: number;
  /** Whether workers have the key. */
  signs?: boolean;
  /** Whether the archive is in a store, and each worker has a folder of its own. */
  stores?: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'apply --jobs 1', args: ['--jobs', '1'], workers: 0 },
  { name: 'apply', args: [], workers: 0 },
  { name: '1 worker', args: [], workers: 1, signs: true },
  { name: '2 workers', args: [], workers: 2, signs: true },
  { name: '4 workers', args: [], workers: 4, signs: true },
  { name: '2 workers without the key', args: [], workers: 2, signs: false },
  { name: 'store: apply --jobs 1', args: ['--jobs', '1'], workers: 0, stores: true },
  { name: 'store: 1 worker', args: [], workers: 1, signs: true, stores: true },
  { name: 'store: 2 workers', args: [], workers: 2, signs: true, stores: true },
  { name: 'store: 4 workers', args: [], workers: 4, signs: true, stores: true },
  { name: 'store: 2 without the key', args: [], workers: 2, signs: false, stores: true },
];

const KEY = { RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' };

interface Prepared {
  here: Product;
  /** The archive and the plan as they were before the first delta. */
  reset(): void;
}

async function prepared(sizeBytes: number, workDir: string): Promise<Prepared> {
  const here = product(`bench-hosts-${sizeBytes}`);
  const versions = Array.from({ length: PAIRS + 1 }, (_, at) => `0.${at + 1}.0`);
  here.edit((plan) => {
    plan.versions = versions.map((version) => ({ version }));
    plan.deltas = [{ to: versions.at(-1) ?? '', from: versions.slice(0, -1), engine: 'rdiff' }];
    plan.partitions = plan.partitions.map((one) => ({ ...one, slot_size: '512MiB' }));
    plan.signing = { method: 'rsa', key: '${BENCH_KEY}', public: join(here.keys, 'rsa.pub.pem') };
  });
  const { plan } = await requirePlan('plan.yml', { cwd: here.dir });
  process.env.BENCH_KEY = join(here.keys, 'rsa.pem');
  for (const version of versions) await archive(plan, version, sizeBytes);
  await here.run(['apply', 'plan.yml', '--only', 'build']);
  const text = readFileSync(here.plan, 'utf8');
  const [root, kept] = [join(here.dir, 'artifacts'), join(workDir, `archive-${sizeBytes}`)];
  cpSync(root, kept, { recursive: true, preserveTimestamps: true });
  return {
    here,
    reset() {
      rmSync(root, { recursive: true, force: true });
      cpSync(kept, root, { recursive: true, preserveTimestamps: true });
      writeFileSync(here.plan, text);
    },
  };
}

/** A store that has the versions and nothing more: a prefix of its own for each run. */
async function useStore(here: Product, endpoint: string, prefix: string): Promise<void> {
  here.edit((plan) => void (plan.artifacts = { path: 'artifacts', store: `s3://updates/${prefix}`, endpoint }));
  const pushed = await here.run(['archive', 'push', 'plan.yml'], { ...process.env, ...CREDENTIALS });
  if (pushed.exitCode !== 0) throw new Error(`archive push ended with ${pushed.exitCode}: ${pushed.stderr}`);
}

/** A checkout with an empty folder for the archive. */
function checkout(here: Product, dir: string): string {
  mkdirSync(dir, { recursive: true });
  for (const part of ['kas', 'layers', 'plan.yml']) cpSync(join(here.dir, part), join(dir, part), { recursive: true });
  return dir;
}

/** Starts a worker, and waits until it takes steps. */
async function startWorker(cwd: string, url: string, signs: boolean): Promise<ChildProcess> {
  const { command, args } = releasePlan('worker', 'plan.yml', '--queue', url, '--only', 'delta');
  const { BENCH_KEY: key, ...env } = process.env;
  const child = spawn(command, args, {
    cwd,
    env: { ...env, ...KEY, ...CREDENTIALS, ...(signs ? { BENCH_KEY: key } : {}) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on(
      'data',
      (chunk: Buffer) => void (chunk.toString('utf8').includes('takes delta steps') && resolve()),
    );
    child.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
  });
  return child;
}

/** @param dirs the folder of each worker */
async function timed(here: Product, way: Way, url: string, dirs: readonly string[]): Promise<number> {
  const workers: ChildProcess[] = [];
  try {
    for (const dir of dirs) workers.push(await startWorker(dir, url, way.signs === true));
    const queue = way.workers === 0 ? [] : ['--queue', url];
    const started = performance.now();
    const run = await here.run(['apply', 'plan.yml', '--only', 'delta', ...way.args, ...queue], {
      ...process.env,
      ...KEY,
      ...CREDENTIALS,
    });
    const wallMs = performance.now() - started;
    if (run.exitCode !== 0) throw new Error(`${way.name} ended with ${run.exitCode}: ${run.stderr}`);
    return wallMs;
  } finally {
    for (const worker of workers) {
      const ended = once(worker, 'exit');
      worker.kill('SIGTERM');
      await Promise.race([ended, sleep(15_000, undefined, { ref: false })]);
    }
  }
}

/** What goes between hosts and store for one pair. */
interface Traffic {
  sizeBytes: number;
  requests: number;
  sentBytes: number;
  fetchedBytes: number;
}

/** Counts what one worker and apply ask of the store, beside the run that is timed. */
async function trafficOf(prepared: Prepared, sizeBytes: number, servers: Servers): Promise<Traffic> {
  const proxy = await startFaultProxy(servers.s3);
  try {
    prepared.reset();
    await useStore(prepared.here, proxy.url, `counted-${sizeBytes}`);
    const dir = checkout(prepared.here, join(servers.workDir, `counted-${sizeBytes}`));
    proxy.seen.length = 0;
    await timed(prepared.here, { name: 'counted', args: [], workers: 1, signs: true }, servers.redis, [dir]);
    const perPair = (of: (one: Seen) => number): number => proxy.seen.reduce((sum, one) => sum + of(one), 0) / PAIRS;
    return {
      sizeBytes,
      requests: perPair(() => 1),
      sentBytes: perPair((one) => one.bytes),
      fetchedBytes: perPair((one) => one.answeredBytes),
    };
  } finally {
    await proxy.stop();
  }
}

interface Servers {
  redis: string;
  s3: string;
  workDir: string;
}

type S3Server = Exclude<Peer, { skipped: string }>;

/** A server of its own for each size of image: they do not live for ever. */
async function startStore(): Promise<S3Server> {
  const peer = process.env.RELEASE_PLAN_VERSITYGW === undefined ? await startS3rver() : await startVersitygw();
  if ('skipped' in peer) throw new Error(peer.skipped);
  // s3rver has it from the start.
  await makeBucket(peer.url, 'updates').catch(() => undefined);
  return peer;
}

async function run(settings: BenchSettings): Promise<BenchResult> {
  const redis = await redisServer();
  const measured: Timed[] = [];
  const traffic: Traffic[] = [];
  try {
    for (const sizeBytes of SIZES[settings.full ? 'full' : 'small']) {
      const store = await startStore();
      try {
        const servers = { redis: redis.url, s3: store.url, workDir: settings.workDir };
        const all = await prepared(sizeBytes, settings.workDir);
        measured.push(...(await timesOf(all, sizeBytes, servers, settings)));
        traffic.push(await trafficOf(all, sizeBytes, servers));
      } finally {
        await store.stop();
      }
    }
  } finally {
    await redis.kill();
  }
  return resultOf(measured, traffic);
}

interface Timed {
  sizeBytes: number;
  way: string;
  wallMs: number[];
}

/** Every way in each round, so that a slow minute of the machine meets all of them. */
async function timesOf(
  { here, reset }: Prepared,
  sizeBytes: number,
  servers: Servers,
  { rounds, note }: BenchSettings,
): Promise<Timed[]> {
  const rows = WAYS.map((way) => ({ sizeBytes, way: way.name, wallMs: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, way] of WAYS.entries()) {
      reset();
      const name = `${sizeBytes}-${round}-${at}`;
      if (way.stores === true) await useStore(here, servers.s3, name);
      const dirs = Array.from({ length: way.workers }, (_, one) =>
        way.stores === true ? checkout(here, join(servers.workDir, `${name}-${one}`)) : here.dir,
      );
      const wallMs = await timed(here, way, servers.redis, dirs);
      note(`${sizeBytes} bytes, ${way.name}: ${seconds(wallMs)}`);
      rows[at]?.wallMs.push(wallMs);
      for (const dir of dirs) if (dir !== here.dir) rmSync(dir, { recursive: true, force: true });
    }
  }
  return rows;
}

function resultOf(measured: readonly Timed[], traffic: readonly Traffic[]): BenchResult {
  const sizes = traffic.map(({ sizeBytes }) => sizeBytes);
  const of = (sizeBytes: number, way: string): number =>
    median(measured.find((one) => one.sizeBytes === sizeBytes && one.way === way)?.wallMs ?? []);
  const [smallest] = SIZES.small;
  const overheads = [
    ['1 worker', 'apply --jobs 1'],
    ['store: 1 worker', 'store: apply --jobs 1'],
  ].map(([way = '', against = '']) => ({ way, against, ms: (of(smallest, way) - of(smallest, against)) / PAIRS }));
  return {
    tables: [
      {
        title: `${PAIRS} pairs to one version, on ${availableParallelism()} processors that all share: pairs per minute`,
        columns: ['image', ...WAYS.map(({ name }) => name)],
        rows: sizes.map((sizeBytes) => [
          `${sizeBytes / 1e6} MB`,
          ...WAYS.map(({ name }) => (PAIRS / (of(sizeBytes, name) / 60_000)).toFixed(0)),
        ]),
      },
      {
        title: 'What one worker and apply ask of the store, for each pair',
        columns: ['image', 'requests', 'sent', 'fetched'],
        rows: traffic.map(({ sizeBytes, requests, sentBytes, fetchedBytes }) => [
          `${sizeBytes / 1e6} MB`,
          requests.toFixed(0),
          megabytes(sentBytes),
          megabytes(fetchedBytes),
        ]),
      },
    ],
    judgements: overheads.map(({ way, against, ms }) => ({
      target: `handing a step out costs less than ${OVERHEAD_MS} ms: ${way}`,
      measured: `${ms.toFixed(0)} ms a step, against ${against}, smallest image`,
      reached: ms < OVERHEAD_MS,
    })),
    data: { measured, traffic },
  };
}

/** Needs Debian's redis-server; and s3rver of npm, or versitygw where RELEASE_PLAN_VERSITYGW names it. */
export const hostsBench: Bench = {
  name: 'hosts',
  about: 'deltas by one host and by workers through a queue, in a folder and in a store',
  onRequest: true,
  run,
};
