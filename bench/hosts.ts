/** One product's deltas made by one host and by workers: pairs per minute, and what the queue costs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../test/support/archived.ts';
import { product, type Product } from '../test/support/product.ts';
import { redisServer } from '../test/support/redis.ts';
import { requirePlan } from '../src/plan/load.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { median } from './measure.ts';
import { releasePlan } from './programs.ts';
import { seconds } from './table.ts';

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
}

const WAYS: readonly Way[] = [
  { name: 'apply --jobs 1', args: ['--jobs', '1'], workers: 0 },
  { name: 'apply', args: [], workers: 0 },
  { name: '1 worker', args: [], workers: 1, signs: true },
  { name: '2 workers', args: [], workers: 2, signs: true },
  { name: '2 workers without the key', args: [], workers: 2, signs: false },
];

const KEY = { RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' };

async function prepared(sizeBytes: number, workDir: string): Promise<{ here: Product; reset(): void }> {
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
  const [root, kept] = [join(here.dir, 'artifacts'), join(workDir, `archive-${sizeBytes}`)];
  cpSync(root, kept, { recursive: true, preserveTimestamps: true });
  return {
    here,
    reset() {
      rmSync(root, { recursive: true, force: true });
      cpSync(kept, root, { recursive: true, preserveTimestamps: true });
    },
  };
}

/** Starts a worker, and waits until it takes steps. */
async function startWorker(here: Product, url: string, signs: boolean): Promise<ChildProcess> {
  const { command, args } = releasePlan('worker', 'plan.yml', '--queue', url, '--only', 'delta');
  const { BENCH_KEY: key, ...env } = process.env;
  const child = spawn(command, args, {
    cwd: here.dir,
    env: { ...env, ...KEY, ...(signs ? { BENCH_KEY: key } : {}) },
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

async function timed(here: Product, way: Way, url: string): Promise<number> {
  const workers: ChildProcess[] = [];
  try {
    for (let one = 0; one < way.workers; one += 1) workers.push(await startWorker(here, url, way.signs === true));
    const queue = way.workers === 0 ? [] : ['--queue', url];
    const started = performance.now();
    const run = await here.run(['apply', 'plan.yml', '--only', 'delta', ...way.args, ...queue], {
      ...process.env,
      ...KEY,
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

async function run({ full, rounds, workDir, note }: BenchSettings): Promise<BenchResult> {
  const redis = await redisServer();
  const measured: Array<{ sizeBytes: number; way: string; wallMs: number[] }> = [];
  try {
    for (const sizeBytes of SIZES[full ? 'full' : 'small']) {
      const { here, reset } = await prepared(sizeBytes, workDir);
      const rows = WAYS.map((way) => ({ sizeBytes, way: way.name, wallMs: [] as number[] }));
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, way] of WAYS.entries()) {
          reset();
          const wallMs = await timed(here, way, redis.url);
          note(`${sizeBytes} bytes, ${way.name}: ${seconds(wallMs)}`);
          rows[at]?.wallMs.push(wallMs);
        }
      }
      measured.push(...rows);
    }
  } finally {
    await redis.kill();
  }
  const of = (sizeBytes: number, way: string): number =>
    median(measured.find((one) => one.sizeBytes === sizeBytes && one.way === way)?.wallMs ?? []);
  const [smallest] = SIZES.small;
  const overheadMs = (of(smallest, '1 worker') - of(smallest, 'apply --jobs 1')) / PAIRS;
  return {
    tables: [
      {
        title: `${PAIRS} pairs to one version, on ${availableParallelism()} processors that all share`,
        columns: ['image', ...WAYS.map(({ name }) => name)],
        rows: SIZES[full ? 'full' : 'small'].map((sizeBytes) => [
          `${sizeBytes / 1e6} MB`,
          ...WAYS.map(
            ({ name }) => `${seconds(of(sizeBytes, name))}, ${(PAIRS / (of(sizeBytes, name) / 60_000)).toFixed(0)}/min`,
          ),
        ]),
      },
    ],
    judgements: [
      {
        target: `handing a step out costs less than ${OVERHEAD_MS} ms`,
        measured: `${overheadMs.toFixed(0)} ms a step: 1 worker against apply --jobs 1, smallest image`,
        reached: overheadMs < OVERHEAD_MS,
      },
    ],
    data: measured,
  };
}

/** Needs Debian's redis-server. */
export const hostsBench: Bench = {
  name: 'hosts',
  about: 'deltas by one host and by workers through a queue',
  onRequest: true,
  run,
};
