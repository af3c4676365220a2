/** `delta blame` on the image pairs: how long it takes, how much it attributes to files, and whether rightly. */
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blameDelta, type Blame, type FileRow } from '../src/insight/blame/blame.ts';
import type { Bench, BenchResult, BenchSettings, Judgement } from './bench.ts';
import { FORMAT_TITLES, imagePairs, type ImagePair } from './images.ts';
import { interleaved, medianOf, type Measurement } from './measure.ts';
import { program, releasePlan } from './programs.ts';
import { megabytes, mebibytesOfKiB, seconds, type Table } from './table.ts';

interface BlameResult {
  pair: ImagePair;
  targetBytes: number;
  runs: Measurement[];
  ours: Blame;
  rdiff: Blame;
  /** Share of the bytes of files whose cause the trees confirm, 0 to 1. */
  confirmed: number;
}

const sumOf = (rows: ReadonlyArray<{ bytes: number }>): number => rows.reduce((sum, { bytes }) => sum + bytes, 0);

/** Of what is no command: the share that has a file. */
const shareOfFiles = ({ files, metadataBytes }: Blame): number => sumOf(files) / (sumOf(files) + metadataBytes);

/** The trees that the images were made of know whether a file is new, changed or the same. */
function isConfirmed({ path, cause }: FileRow, dir: string): boolean {
  const [before, after] = [join(dir, 'old', path), join(dir, 'new', path)];
  const isFile = existsSync(before) && lstatSync(before).isFile();
  const isSame = isFile && readFileSync(before).equals(readFileSync(after));
  switch (cause) {
    case 'new':
    case 'moved':
      return !isFile;
    case 'changed':
      return isFile && !isSame;
    case 'recompressed':
    case 'layout':
      return isSame;
    case 'timestamps-only':
    case 'unknown':
      return false;
  }
}

async function measurePair(pair: ImagePair, settings: BenchSettings): Promise<BlameResult> {
  settings.note(`${FORMAT_TITLES[pair.format]}: deltas, then ${settings.rounds} rounds of blame`);
  const file = (name: string): string => join(settings.workDir, `${pair.format}.${name}`);
  await interleaved(
    { ours: releasePlan('delta', 'create', pair.base, pair.target, file('gz'), '--compress', 'gzip') },
    1,
    settings.workDir,
  );
  await interleaved({ sig: program('rdiff', '--force', 'signature', pair.base, file('sig')) }, 1, settings.workDir);
  await interleaved(
    { delta: program('rdiff', '--force', 'delta', file('sig'), pair.target, file('rdiff')) },
    1,
    settings.workDir,
  );
  const { blame } = await interleaved(
    { blame: releasePlan('delta', 'blame', pair.base, pair.target, file('gz'), '--json') },
    settings.rounds,
    settings.workDir,
  );
  const ours = await blameDelta(pair.base, pair.target, file('gz'));
  const rdiff = await blameDelta(pair.base, pair.target, file('rdiff'));
  const right = ours.files.filter((row) => isConfirmed(row, dirname(pair.base)));
  return {
    pair,
    targetBytes: statSync(pair.target).size,
    runs: blame,
    ours,
    rdiff,
    confirmed: sumOf(right) / sumOf(ours.files),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function tableOf(results: readonly BlameResult[]): Table {
  return {
    title: 'What a delta is made of: `delta blame` on our gzipped delta, and on that of rdiff',
    columns: [
      'image',
      'time',
      'processor time',
      'memory',
      'delta',
      'commands',
      'of the rest in files',
      'cause right',
      'in files, of literals',
      "in files, rdiff's",
    ],
    rows: results.map(({ pair, targetBytes, runs, ours, rdiff, confirmed }) => [
      `${FORMAT_TITLES[pair.format]}, ${megabytes(targetBytes)}`,
      seconds(medianOf(runs).wallMs),
      seconds(medianOf(runs).cpuMs),
      mebibytesOfKiB(medianOf(runs).peakKiB),
      megabytes(ours.totalBytes),
      megabytes(ours.commandBytes),
      percent(shareOfFiles(ours)),
      percent(confirmed),
      percent(ours.files.reduce((sum, { literalBytes }) => sum + literalBytes, 0) / ours.literalBytes),
      percent(shareOfFiles(rdiff)),
    ]),
  };
}

const LEAST_SHARE = 0.95;
const MOST_MS = 10_000;

function judge({ pair, runs, ours }: BlameResult): Judgement[] {
  const name = FORMAT_TITLES[pair.format];
  const { wallMs } = medianOf(runs);
  return [
    {
      target: `at least 95 % of a delta's bytes without its commands attributed to files on ${name}`,
      measured: percent(shareOfFiles(ours)),
      reached: shareOfFiles(ours) >= LEAST_SHARE,
    },
    { target: `blame within 10 s on ${name}`, measured: seconds(wallMs), reached: wallMs <= MOST_MS },
  ];
}

export const blameBench: Bench = {
  name: 'blame',
  about: 'delta blame: time, and how much of a delta it attributes to files',
  async run(settings): Promise<BenchResult> {
    const results: BlameResult[] = [];
    for (const pair of await imagePairs(settings)) results.push(await measurePair(pair, settings));
    return {
      tables: [tableOf(results)],
      judgements: results.flatMap(judge),
      data: results.map(({ ours, rdiff, ...rest }) => ({ ...rest, ours: totalsOf(ours), rdiff: totalsOf(rdiff) })),
    };
  },
};

/** Without its rows: there are thousands. */
function totalsOf({ files, ...rest }: Blame): object {
  return { ...rest, files: files.length, fileBytes: sumOf(files) };
}
