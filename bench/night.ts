/** The updates of a night, all to one version: by one `apply`, by a process for each, and by rdiff's five steps. */
import { closeSync, copyFileSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { archiveWith } from '../test/support/archived.ts';
import { noise } from '../test/support/noise.ts';
import { product, type Product } from '../test/support/product.ts';
import { requirePlan } from '../src/plan/load.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { FORMAT_TITLES, imagePairs, type Format, type ImagePair } from './images.ts';
import { measure, medianOf, type Measurement, type Program } from './measure.ts';
import { program, releasePlan } from './programs.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds } from './table.ts';

const PAIRS = 20;
const TARGET = `0.${PAIRS + 1}.0`;
const BASES = Array.from({ length: PAIRS }, (_, at) => `0.${at + 1}.0`);

const FORMATS: Record<'small' | 'full', readonly Format[]> = { small: ['squashfs'], full: ['squashfs-zstd'] };

const WAYS = ['one apply', 'one apply, --jobs 1', `${PAIRS} processes`, 'rdiff, gzip -9, patch, cmp'] as const;
type Way = (typeof WAYS)[number];

/** Bytes that tell one base from the next. */
const MARK_BYTES = 4096;

/** A product with all versions archived, and no update made. */
async function prepared({ format, base, target }: ImagePair): Promise<Product> {
  const here = product(`bench-night-${format}`);
  here.edit((plan) => {
    plan.versions = [...BASES, TARGET].map((version) => ({ version }));
    plan.deltas = [{ to: TARGET, from: BASES, engine: 'rdiff' }];
    plan.partitions = plan.partitions.map((one) => ({ ...one, slot_size: '4GiB' }));
  });
  const { plan } = await requirePlan('plan.yml', { cwd: here.dir });
  const markAt = Math.floor(statSync(base).size / 2);
  for (const [at, version] of BASES.entries())
    await archiveWith(plan, version, (image) => {
      copyFileSync(base, image);
      const file = openSync(image, 'r+');
      writeSync(file, noise(MARK_BYTES, at + 1), 0, MARK_BYTES, markAt);
      closeSync(file);
    });
  await archiveWith(plan, TARGET, (image) => copyFileSync(target, image));
  const registered = await here.run(['apply', 'plan.yml', '--only', 'build']);
  if (registered.exitCode !== 0) throw new Error(`apply ended with ${registered.exitCode}: ${registered.stderr}`);
  return here;
}

const imageOf = (here: Product, version: string): string => {
  const dir = join(here.archive, version);
  const name = readdirSync(dir).find((one) => one.startsWith('image-prod') && one.endsWith('.squashfs'));
  if (name === undefined) throw new Error(`${dir} has no image`);
  return join(dir, name);
};

function programsOf(here: Product, workDir: string): Record<Way, Program> {
  const shell = (script: string, ...args: string[]): Program => program('sh', '-ec', script, 'sh', ...args);
  const { command, args } = releasePlan();
  const rdiff = `
    target=$1; shift
    for base do
      rdiff --force signature "$base" sig
      rdiff --force delta sig "$target" delta
      gzip -9 -n -c delta > delta.gz
      rdiff --force patch "$base" delta patched
      cmp patched "$target"
    done`;
  return {
    'one apply': releasePlan('apply', here.plan, '--only', 'delta'),
    'one apply, --jobs 1': releasePlan('apply', here.plan, '--only', 'delta', '--jobs', '1'),
    [`${PAIRS} processes`]: shell(
      `plan=$1; shift; for base do ${command} ${args.join(' ')} make "$plan" "delta:$base:${TARGET}:rdiff"; done`,
      here.plan,
      ...BASES,
    ),
    'rdiff, gzip -9, patch, cmp': shell(
      `cd ${workDir}; ${rdiff}`,
      imageOf(here, TARGET),
      ...BASES.map((version) => imageOf(here, version)),
    ),
  } as Record<Way, Program>;
}

interface Row {
  format: Format;
  imageBytes: number;
  runs: Record<Way, Measurement[]>;
}

async function measureFormat(pair: ImagePair, { rounds, workDir, note }: BenchSettings): Promise<Row> {
  const here = await prepared(pair);
  const programs = programsOf(here, workDir);
  const runs = Object.fromEntries(WAYS.map((way) => [way, []])) as unknown as Row['runs'];
  for (let round = 0; round < rounds; round += 1)
    for (const way of WAYS) {
      rmSync(join(here.archive, TARGET, 'updates'), { recursive: true, force: true });
      const measured = await measure(programs[way], workDir);
      note(`${pair.format}, ${way}: ${seconds(measured.wallMs)}`);
      runs[way].push(measured);
    }
  rmSync(join(here.dir, 'artifacts'), { recursive: true, force: true });
  return { format: pair.format, imageBytes: statSync(pair.target).size, runs };
}

async function run(settings: BenchSettings): Promise<BenchResult> {
  const wanted = FORMATS[settings.full ? 'full' : 'small'];
  const pairs = (await imagePairs(settings)).filter(({ format }) => wanted.includes(format));
  const rows: Row[] = [];
  for (const pair of pairs) rows.push(await measureFormat(pair, settings));
  const of = ({ runs }: Row, way: Way): Measurement => medianOf(runs[way]);
  const [one, , each] = WAYS;
  return {
    tables: [
      {
        title: `${PAIRS} updates to one version: delta, gzip, proof, signed package`,
        columns: ['image', 'way', 'time', 'per update', `by ${each}`, 'processor', 'memory'],
        rows: rows.flatMap((row) =>
          WAYS.map((way) => {
            const { wallMs, cpuMs, peakKiB } = of(row, way);
            return [
              `${FORMAT_TITLES[row.format]}, ${megabytes(row.imageBytes)}`,
              way,
              seconds(wallMs),
              seconds(wallMs / PAIRS),
              ratio(wallMs / of(row, each).wallMs),
              seconds(cpuMs),
              mebibytesOfKiB(peakKiB),
            ];
          }),
        ),
      },
    ],
    judgements: rows.map((row) => ({
      target: `one apply takes less processor time than a process for each, ${FORMAT_TITLES[row.format]}`,
      measured: `${seconds(of(row, one).cpuMs)} against ${seconds(of(row, each).cpuMs)}`,
      reached: of(row, one).cpuMs < of(row, each).cpuMs,
    })),
    data: rows,
  };
}

/** Needs Debian's rdiff; no package is made by rdiff's five steps. */
export const nightBench: Bench = {
  name: 'night',
  about: 'twenty updates to one version, by one process and by one for each',
  onRequest: true,
  run,
};
