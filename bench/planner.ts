/** Planning in memory: what is due for a thousand machines, and for one with as many pairs. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { median } from './measure.ts';
import { mebibytesOfKiB, seconds } from './table.ts';

const CHILD = fileURLToPath(new URL('planner-child.js', import.meta.url));

/** Issue 14. */
const LIMIT_KIB = 500 * 1024;
const LIMIT_MS = 10_000;

const SHAPES = [
  { name: '1,000 machines, each 100 bases to 1 target', machines: 1000, targets: 1, bases: 100 },
  { name: '1 machine, 1,000 bases to 100 targets', machines: 1, targets: 100, bases: 1000 },
] as const;

/** What the child prints. */
interface Planned {
  pairs: number;
  plannedMs: number;
  orderedMs: number;
  peakKiB: number;
}

function measured({ machines, targets, bases }: (typeof SHAPES)[number]): Planned {
  const args = [CHILD, machines, targets, bases].map(String);
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 })) as Planned;
}

function run({ rounds, note }: BenchSettings): BenchResult {
  const found = SHAPES.map((shape) => ({ shape, runs: [] as Planned[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { shape, runs } of found) {
      note(shape.name);
      runs.push(measured(shape));
    }
  }
  const rows = found.map(({ shape, runs }) => ({
    name: shape.name,
    pairs: runs[0]?.pairs ?? 0,
    plannedMs: median(runs.map((one) => one.plannedMs)),
    orderedMs: median(runs.map((one) => one.orderedMs)),
    // The worst: memory is no matter of what else runs.
    peakKiB: Math.max(...runs.map((one) => one.peakKiB)),
  }));
  return {
    tables: [
      {
        title: 'Planning in memory, whole process',
        columns: ['what', 'pairs', 'plan', 'order', 'memory'],
        rows: rows.map(({ name, pairs, plannedMs, orderedMs, peakKiB }) => [
          name,
          String(pairs),
          seconds(plannedMs),
          seconds(orderedMs),
          mebibytesOfKiB(peakKiB),
        ]),
      },
    ],
    judgements: rows.map(({ name, plannedMs, orderedMs, peakKiB }) => ({
      target: `issue 14: ${name}: under 10 s and 500 MiB`,
      measured: `${seconds(plannedMs + orderedMs)}, ${mebibytesOfKiB(peakKiB)}`,
      reached: plannedMs + orderedMs < LIMIT_MS && peakKiB < LIMIT_KIB,
    })),
    data: found,
  };
}

export const plannerBench: Bench = {
  name: 'planner',
  about: '100,000 pairs planned in memory',
  run: async (settings) => await Promise.resolve(run(settings)),
};
