/** OSTree static deltas, ours and ostree's: bytes, time and memory, where they are made and on a client. */
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TreeReader } from '../src/static-delta/tree.ts';
import type { Bench, BenchResult, BenchSettings, Judgement } from './bench.ts';
import { measure, medianOf, type Measurement, type Program } from './measure.ts';
import { program } from './programs.ts';
import {
  bytesOf,
  clear,
  commitTree,
  keptRepository,
  ostree,
  ours,
  proven,
  pulled,
  seededClient,
  type Inputs,
  type Pulled,
} from './static-delta-kit.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds, type Table } from './table.ts';
import { makeDebianTrees, makeSmallTrees, type Trees } from './trees.ts';
import { trixie } from './trixie.ts';

interface TreeInputs extends Inputs {
  trees: Trees;
}

/** Who makes the delta. */
type Generator = 'ostree' | 'level2' | 'level6' | 'proven6';

const GENERATORS: readonly Generator[] = ['ostree', 'level2', 'level6', 'proven6'];

const TITLES: Record<Generator, string> = {
  ostree: 'ostree static-delta generate',
  level2: 'ours, xz -2',
  level6: 'ours, xz -6',
  proven6: 'ours, xz -6, proven and shown',
};

/** What one generator came to. */
interface GeneratorResult {
  runs: Measurement[];
  bytes: number;
  client: Pulled;
  /** Of Debian 13, which loads nothing beside the delta. */
  newClient: Pulled;
}

const SOURCES = 20;

function programOf(generator: Generator, { repo, pair: { from, to } }: Inputs): Program {
  switch (generator) {
    case 'ostree':
      return program('ostree', `--repo=${repo}`, 'static-delta', 'generate', `--from=${from}`, `--to=${to}`);
    case 'level2':
      return ours(repo, to, 2, [from]);
    case 'level6':
      return ours(repo, to, 6, [from]);
    case 'proven6':
      return proven(repo, to, 6, [from]);
  }
}

/** A repository with both trees, made on the first call and kept. */
function inputs(settings: BenchSettings): TreeInputs {
  const dir = join(settings.cacheDir, settings.full ? 'debian' : 'small-trees');
  mkdirSync(dir, { recursive: true });
  const trees = settings.full ? makeDebianTrees(dir, settings) : keptSmallTrees(dir);
  const kept = keptRepository(join(dir, 'repo'), ['old', 'new'], (repo) => {
    settings.note('committing both trees');
    // Devices of another kind than OSTree can hold.
    for (const tree of Object.values(trees)) rmSync(join(tree, 'dev'), { recursive: true, force: true });
    for (const tree of ['old', 'new'] as const) commitTree(repo, tree, `--tree=dir=${trees[tree]}`);
  });
  return { ...kept, trees };
}

function keptSmallTrees(dir: string): Trees {
  const trees: Trees = { old: join(dir, 'old'), new: join(dir, 'new') };
  return existsSync(join(dir, 'repo')) ? trees : makeSmallTrees(dir);
}

async function measureGenerators(input: Inputs, settings: BenchSettings): Promise<Record<Generator, GeneratorResult>> {
  const seed = seededClient(input, settings);
  const newer = (await trixie(settings))('usr/bin/ostree');
  const results = {} as Record<Generator, GeneratorResult>;
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const generator of GENERATORS) {
      settings.note(`round ${round + 1}: ${TITLES[generator]}`);
      clear(input);
      const run = await measure(programOf(generator, input), settings.workDir);
      const known = results[generator];
      if (known !== undefined) known.runs.push(run);
      else
        results[generator] = {
          runs: [run],
          bytes: bytesOf(input),
          client: await pulled(input, seed, settings.workDir),
          newClient: await pulled(input, seed, settings.workDir, newer),
        };
    }
  }
  return results;
}

/** Sources between the two trees: each has some more of what changed, as the releases of a product do. */
function sourcesBetween({ repo, pair, trees }: TreeInputs, settings: BenchSettings): string[] {
  const reader = new TreeReader(repo);
  const old = new Map(reader.read(pair.from).files.map(({ path, checksum }) => [path, checksum]));
  const changed = reader.read(pair.to).files.filter(({ path, checksum }) => old.get(path) !== checksum);
  const folder = join(settings.workDir, 'changed');
  const sources = [pair.from];
  for (let source = 1; source < SOURCES; source += 1) {
    const [from, to] = [source - 1, source].map((one) => Math.floor((changed.length * one) / SOURCES)) as [
      number,
      number,
    ];
    for (const { path } of changed.slice(from, to)) takeFile(join(trees.new, path), join(folder, path));
    // Of two commits ostree takes the objects as they are; a folder beside one would have it read all files of both.
    const changes = commitTree(repo, 'changes', `--tree=dir=${folder}`);
    const both = [`--tree=ref=${pair.from}`, `--tree=ref=${changes}`];
    sources.push(ostree(repo, 'commit', `--branch=between-${source}`, ...both, '--timestamp=2026-07-01T00:00:00Z'));
  }
  return sources;
}

function takeFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else linkSync(from, to);
}

function tables(results: Record<Generator, GeneratorResult>): Table[] {
  const title = (generator: Generator): string => TITLES[generator];
  return [
    {
      title: 'Static deltas: making one',
      columns: ['generator', 'bytes', 'ratio', 'processor', 'ratio', 'time', 'ratio', 'memory'],
      rows: GENERATORS.map((generator) => {
        const { bytes, runs } = results[generator];
        const [run, theirs] = [medianOf(runs), medianOf(results.ostree.runs)];
        return [
          title(generator),
          megabytes(bytes),
          ratio(bytes / results.ostree.bytes),
          seconds(run.cpuMs),
          ratio(run.cpuMs / theirs.cpuMs),
          seconds(run.wallMs),
          ratio(run.wallMs / theirs.wallMs),
          mebibytesOfKiB(run.peakKiB),
        ];
      }),
    },
    {
      title: 'Static deltas: a client takes one',
      columns: ['delta by', 'client', 'download', 'requests', 'time', 'memory'],
      rows: GENERATORS.flatMap((generator) => {
        const { client, newClient } = results[generator];
        return [['Debian 12', client] as const, ['Debian 13', newClient] as const].map(
          ([of, { run, downloadBytes, requests }]) => [
            title(generator),
            of,
            megabytes(downloadBytes),
            String(requests),
            seconds(run.wallMs),
            mebibytesOfKiB(run.peakKiB),
          ],
        );
      }),
    },
  ];
}

function judgements(results: Record<Generator, GeneratorResult>): Judgement[] {
  const cores = 2;
  const against = (
    generator: Generator,
    what: string,
    limit: number,
    value: (result: GeneratorResult) => number,
  ): Judgement => {
    const share = value(results[generator]) / value(results.ostree);
    return {
      target: `${what} of ${TITLES[generator]} at most ${ratio(limit)} of ostree's`,
      measured: ratio(share),
      reached: share <= limit,
    };
  };
  const cpu = ({ runs }: GeneratorResult): number => medianOf(runs).cpuMs;
  const wall = ({ runs }: GeneratorResult): number => medianOf(runs).wallMs;
  return [
    against('level2', 'bytes', 0.9, ({ bytes }) => bytes),
    against('level6', 'bytes', 0.86, ({ bytes }) => bytes),
    against('level2', 'processor time', 1 / 6, cpu),
    against('level6', 'processor time', 1 / 3, cpu),
    against('level2', `time on ${cores} cores`, 1 / 8, wall),
    against('level6', `time on ${cores} cores`, 1 / 4, wall),
    against('proven6', 'processor time', 1 / 2, cpu),
    against('proven6', `time on ${cores} cores`, 1 / 2, wall),
  ];
}

/** Two workers, of one process. */
function memoryJudgement(peakKiB: number, tree: string): Judgement {
  const sizes = execFileSync('find', [tree, '-type', 'f', '-printf', '%s\n'], { encoding: 'utf8' }).split('\n');
  const largest = sizes.reduce((most, size) => Math.max(most, Number(size)), 0) / 1024;
  const limit = 2 * 256 * 1024 + largest;
  return {
    target: `memory of ${TITLES.level6} at most 256 MiB for each of 2 workers and the largest object`,
    measured: `${mebibytesOfKiB(peakKiB)} of ${mebibytesOfKiB(limit)}`,
    reached: peakKiB <= limit,
  };
}

export const staticDeltaBench: Bench = {
  name: 'static-delta',
  about: 'OSTree static deltas beside those of ostree itself',
  onRequest: true,
  async run(settings): Promise<BenchResult> {
    const input = inputs(settings);
    const results = await measureGenerators(input, settings);
    settings.note(`${SOURCES} sources to one target`);
    const sources = sourcesBetween(input, settings);
    clear(input);
    const many = await measure(ours(input.repo, input.pair.to, 6, sources), settings.workDir);
    const share = many.wallMs / medianOf(results.level6.runs).wallMs;
    clear(input);
    settings.note(`${SOURCES} sources to one target, proven`);
    const allProven = await measure(proven(input.repo, input.pair.to, 6, sources), settings.workDir);
    const provenShare = allProven.wallMs / medianOf(results.proven6.runs).wallMs;
    const manyTable: Table = {
      title: `Static deltas: ${SOURCES} sources to one target, xz -6`,
      columns: ['', 'time', 'of one', 'processor', 'memory'],
      rows: [['made', many, share] as const, ['made, proven and shown', allProven, provenShare] as const].map(
        ([what, run, of]) => [what, seconds(run.wallMs), ratio(of), seconds(run.cpuMs), mebibytesOfKiB(run.peakKiB)],
      ),
    };
    return {
      tables: [...tables(results), manyTable],
      judgements: [
        ...judgements(results),
        { target: `${SOURCES} sources at most 8 times the time of one`, measured: ratio(share), reached: share <= 8 },
        memoryJudgement(medianOf(results.level6.runs).peakKiB, input.trees.new),
      ],
      data: { results, many, allProven },
    };
  },
};
