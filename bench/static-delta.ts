/** OSTree static deltas, ours and ostree's: bytes, time and memory, where they are made and on a client. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readSuperblock } from '../src/static-delta/superblock.ts';
import { deltaFolder, type CommitPair } from '../src/static-delta/names.ts';
import { TreeReader } from '../src/static-delta/tree.ts';
import { builtFile } from '../src/static-delta/wasm.ts';
import { serveWhole } from '../test/support/ostree-server.ts';
import type { Bench, BenchResult, BenchSettings, Judgement } from './bench.ts';
import { measure, medianOf, type Measurement, type Program } from './measure.ts';
import { program } from './programs.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds, type Table } from './table.ts';
import { makeDebianTrees, makeSmallTrees, type Trees } from './trees.ts';

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
  /** Parts, fallback objects and superblock. */
  bytes: number;
  client: { run: Measurement; downloadBytes: number; requests: number };
}

interface Inputs {
  repo: string;
  pair: CommitPair;
  trees: Trees;
}

const SOURCES = 20;

const ostree = (repo: string, ...args: string[]): string =>
  execFileSync('ostree', [`--repo=${repo}`, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** A whole process, as a user starts one; the library has no command of its own for this. */
const ours = (repo: string, to: string, level: number, froms: readonly string[]): Program =>
  program(
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { generateStaticDeltas } = await import(${JSON.stringify(builtFile('generate.js').href)});
   const [repo, to, level, ...froms] = process.argv.slice(1);
   await generateStaticDeltas(repo, to, froms, { level: Number(level) });`,
    repo,
    to,
    String(level),
    ...froms,
  );

/** What `apply` does: makes, proves by a client, updates the summary. */
const proven = (repo: string, to: string, level: number, froms: readonly string[]): Program =>
  program(
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { makeDeltas } = await import(${JSON.stringify(new URL('../dist/delivery/ostree/make.js', import.meta.url).href)});
   const [path, to, level, ...froms] = process.argv.slice(1);
   const generator = { kind: 'own', xz: Number(level) };
   const options = { generator, progress: () => undefined, warn: (line) => { throw new Error(line); } };
   await makeDeltas({ path }, froms.map((from) => ({ from, to })), options);`,
    repo,
    to,
    String(level),
    ...froms,
  );

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
function inputs(settings: BenchSettings): Inputs {
  const dir = join(settings.cacheDir, settings.full ? 'debian' : 'small-trees');
  mkdirSync(dir, { recursive: true });
  const trees = settings.full ? makeDebianTrees(dir, settings) : keptSmallTrees(dir);
  const repo = join(dir, 'repo');
  if (!existsSync(repo)) {
    settings.note('committing both trees');
    const staging = `${repo}.part`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging);
    ostree(staging, 'init', '--mode=archive');
    ostree(staging, 'config', 'set', 'core.fsync', 'false');
    // Devices of another kind than OSTree can hold.
    for (const tree of Object.values(trees)) rmSync(join(tree, 'dev'), { recursive: true, force: true });
    for (const tree of ['old', 'new'] as const) commitTree(staging, tree, `--tree=dir=${trees[tree]}`);
    renameSync(staging, repo);
  }
  const commitOf = (branch: string): string => ostree(repo, 'rev-parse', branch);
  return { repo, pair: { from: commitOf('old'), to: commitOf('new') }, trees };
}

function keptSmallTrees(dir: string): Trees {
  const trees: Trees = { old: join(dir, 'old'), new: join(dir, 'new') };
  return existsSync(join(dir, 'repo')) ? trees : makeSmallTrees(dir);
}

const commitTree = (repo: string, branch: string, ...trees: string[]): string =>
  ostree(
    repo,
    'commit',
    `--branch=${branch}`,
    ...trees,
    '--owner-uid=0',
    '--owner-gid=0',
    '--no-xattrs',
    '--timestamp=2026-07-01T00:00:00Z',
  );

function bytesOf({ repo, pair }: Inputs): number {
  const file = join(deltaFolder(repo, pair), 'superblock');
  const { parts, fallbacks } = readSuperblock(readFileSync(file));
  return [...parts, ...fallbacks].reduce((sum, one) => sum + one.sizeBytes, statSync(file).size);
}

/** A client's repository with the source alone, kept; each pull gets a copy of it that shares its files. */
function seededClient({ repo, pair }: Inputs, settings: BenchSettings): string {
  const client = `${repo}-client`;
  if (!existsSync(client)) {
    settings.note('seeding the client');
    const staging = `${client}.part`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging);
    ostree(staging, 'init', '--mode=bare-user');
    ostree(staging, 'config', 'set', 'core.fsync', 'false');
    ostree(staging, 'pull-local', repo, pair.from);
    renameSync(staging, client);
  }
  return client;
}

async function pulled(input: Inputs, seed: string, workDir: string): Promise<GeneratorResult['client']> {
  const client = join(workDir, 'client');
  rmSync(client, { recursive: true, force: true });
  execFileSync('cp', ['-al', seed, client]);
  // Written to in place, so not shared.
  for (const name of ['config', '.lock'])
    if (existsSync(join(client, name)))
      execFileSync('cp', ['--remove-destination', join(seed, name), join(client, name)]);
  ostree(input.repo, 'summary', '--update');
  const server = await serveWhole(input.repo);
  try {
    ostree(client, 'remote', 'add', '--no-gpg-verify', 'origin', server.url);
    const run = await measure(program('ostree', `--repo=${client}`, 'pull', 'origin', input.pair.to), workDir);
    const sizes = server.asked.map((path) => statSync(join(input.repo, path), { throwIfNoEntry: false })?.size ?? 0);
    return { run, downloadBytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length };
  } finally {
    await server.close();
  }
}

async function measureGenerators(input: Inputs, settings: BenchSettings): Promise<Record<Generator, GeneratorResult>> {
  const seed = seededClient(input, settings);
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
        };
    }
  }
  return results;
}

/** Without deltas, and without proofs of some. */
function clear({ repo }: Inputs): void {
  for (const name of ['deltas', 'delta-indexes', 'summary', '.release-plan'])
    rmSync(join(repo, name), { recursive: true, force: true });
}

/** Sources between the two trees: each has some more of what changed, as the releases of a product do. */
function sourcesBetween({ repo, pair, trees }: Inputs, settings: BenchSettings): string[] {
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
      columns: ['delta by', 'download', 'requests', 'time', 'memory'],
      rows: GENERATORS.map((generator) => {
        const { run, downloadBytes, requests } = results[generator].client;
        return [
          title(generator),
          megabytes(downloadBytes),
          String(requests),
          seconds(run.wallMs),
          mebibytesOfKiB(run.peakKiB),
        ];
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
      ],
      data: { results, many, allProven },
    };
  },
};
