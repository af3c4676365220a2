/** Trees that make a careless generator of static deltas quadratic, or take all memory. Each delta goes to a client. */
import { randomFillSync } from 'node:crypto';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { measure } from './measure.ts';
import {
  bytesOf,
  clear,
  commitTree,
  keptRepository,
  ours,
  pulled,
  seededClient,
  type Inputs,
} from './static-delta-kit.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds } from './table.ts';

const MIB = 2 ** 20;

/** As of the rdiff matcher's worst cases. */
const LIMIT = 4;

interface WorstCase {
  name: string;
  /** Of source and target, for the time of each. */
  mebibytes: number;
  /** Fills the folders of both. */
  make(source: string, target: string): void;
}

const random = (bytes: number): Buffer => randomFillSync(Buffer.alloc(bytes));
const one = (tree: string): string => join(tree, 'usr/one');

function worstCases(full: boolean): WorstCase[] {
  const mebibytes = full ? 256 : 16;
  const files = full ? 100_000 : 2000;
  const large = full ? 2048 : 64;
  const whole = (name: string, source: () => Buffer, target: () => Buffer): WorstCase => ({
    name,
    mebibytes: 2 * mebibytes,
    make(from, to) {
      writeFileSync(one(from), source());
      writeFileSync(one(to), target());
    },
  });
  const bytes = mebibytes * MIB;
  return [
    whole(
      'two random files',
      () => random(bytes),
      () => random(bytes),
    ),
    whole(
      'all zeros, one byte more',
      () => Buffer.alloc(bytes),
      () => Buffer.alloc(bytes + 1),
    ),
    whole(
      'zeros, and one byte repeated',
      () => Buffer.alloc(bytes),
      () => Buffer.alloc(bytes, 1),
    ),
    {
      name: `${files} small files, each tenth changed`,
      mebibytes: (2 * files * 600) / MIB,
      make(from, to) {
        for (let at = 0; at < files; at += 1) {
          const folder = `usr/${at % 250}`;
          for (const tree of [from, to]) mkdirSync(join(tree, folder), { recursive: true });
          const content = random(600);
          writeFileSync(join(from, folder, String(at)), content);
          if (at % 10 === 0) content.writeUInt8(at % 256, 300);
          writeFileSync(join(to, folder, String(at)), content);
        }
      },
    },
    {
      name: `one file of ${large} MiB, a page of each 8 MiB changed`,
      mebibytes: 2 * large,
      make(from, to) {
        for (const tree of [from, to]) writeFileSync(one(tree), '');
        for (let piece = 0; piece < large / 8; piece += 1) {
          const content = random(8 * MIB);
          writeFileSync(one(from), content, { flag: 'a' });
          random(4096).copy(content, 4 * MIB);
          writeFileSync(one(to), content, { flag: 'a' });
        }
        // Its end is no multiple of anything.
        truncateSync(one(to), large * MIB - 4321);
      },
    },
  ];
}

/** The repository of a case, made on the first call and kept. */
function inputs(settings: BenchSettings, index: number, { name, make }: WorstCase): Inputs {
  const dir = join(settings.cacheDir, `static-worst-${settings.full ? 'large' : 'small'}`, String(index));
  return keptRepository(join(dir, 'repo'), ['source', 'target'], (repo) => {
    settings.note(`making ${name}`);
    const [source, target] = [join(dir, 'source'), join(dir, 'target')];
    for (const tree of [source, target]) {
      rmSync(tree, { recursive: true, force: true });
      mkdirSync(join(tree, 'usr'), { recursive: true });
    }
    make(source, target);
    commitTree(repo, 'source', `--tree=dir=${source}`);
    commitTree(repo, 'target', `--tree=dir=${target}`);
    for (const tree of [source, target]) rmSync(tree, { recursive: true });
  });
}

export const staticDeltaWorstBench: Bench = {
  name: 'static-delta-worst',
  about: 'trees that make a careless generator of static deltas quadratic',
  onRequest: true,
  async run(settings): Promise<BenchResult> {
    const measured = [];
    for (const [index, worst] of worstCases(settings.full).entries()) {
      const input = inputs(settings, index, worst);
      settings.note(worst.name);
      clear(input);
      const run = await measure(ours(input.repo, input.pair.to, 2, [input.pair.from]), settings.workDir);
      const client = await pulled(input, seededClient(input, settings), settings.workDir);
      const { name, mebibytes } = worst;
      measured.push({ name, mebibytes, ...run, bytes: bytesOf(input), client, cpuPerMib: run.cpuMs / mebibytes });
    }
    const reference = measured[0]?.cpuPerMib ?? Number.NaN;
    return {
      tables: [
        {
          title: 'Static deltas: worst cases, xz -2; each is taken by a client',
          columns: [
            'trees',
            'source + target',
            'time',
            'processor',
            'per MiB',
            'by random',
            'memory',
            'delta',
            'client',
          ],
          rows: measured.map((row) => [
            row.name,
            `${Math.round(row.mebibytes)} MiB`,
            seconds(row.wallMs),
            seconds(row.cpuMs),
            `${row.cpuPerMib.toFixed(1)} ms`,
            ratio(row.cpuPerMib / reference),
            mebibytesOfKiB(row.peakKiB),
            megabytes(row.bytes),
            seconds(row.client.run.wallMs),
          ]),
        },
      ],
      // Of small files it is not the bytes that cost.
      judgements: measured
        .filter(({ name }) => !name.includes('small files'))
        .map((row) => ({
          target: `processor time per MiB at most ${LIMIT} times that of random data: ${row.name}`,
          measured: ratio(row.cpuPerMib / reference),
          reached: row.cpuPerMib <= LIMIT * reference,
        })),
      data: measured,
    };
  },
};
