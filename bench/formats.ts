/** What rdiff's format costs: our deltas, compressed as well as it goes, beside formats that SWUpdate does not read. */
import { rmSync, statSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchResult } from './bench.ts';
import { FORMAT_TITLES, imagePairs, type ImagePair } from './images.ts';
import { measure, type Measurement, type Program } from './measure.ts';
import { isInstalled, program, releasePlan } from './programs.ts';
import { mebibytesOfKiB, megabytes, seconds } from './table.ts';

interface Format {
  title: string;
  /** The programs that make it, one after the other; `out` is the file that counts. */
  programs(pair: ImagePair, out: string): Program[];
  /** What they take of memory for a base, as far as it is known to be much. */
  memoryBytes?(baseBytes: number): number;
}

const FORMATS: readonly Format[] = [
  {
    title: 'ours, zstd -19',
    programs: ({ base, target }, out) => [
      releasePlan('delta', 'create', base, target, `${out}.bare`),
      program('zstd', '-19', '--long=27', '-q', '-f', `${out}.bare`, '-o', out),
    ],
  },
  {
    title: 'ours, xz -9',
    programs: ({ base, target }, out) => [
      releasePlan('delta', 'create', base, target, `${out}.bare`),
      { ...program('xz', '-9', '-c', `${out}.bare`), stdout: out },
    ],
  },
  {
    title: 'xdelta3 -9 -S lzma',
    programs: ({ base, target }, out) => [program('xdelta3', '-e', '-f', '-9', '-S', 'lzma', '-s', base, target, out)],
  },
  {
    title: 'bsdiff',
    programs: ({ base, target }, out) => [program('bsdiff', base, target, out)],
    // bsdiff(1): "memory equal to 17 times the size of oldfile".
    memoryBytes: (baseBytes) => 17 * baseBytes,
  },
  {
    title: 'zstd --patch-from --ultra -22 --long=31',
    programs: ({ base, target }, out) => [
      program('zstd', '-q', '-f', '--ultra', '-22', '--long=31', `--patch-from=${base}`, target, '-o', out),
    ],
  },
];

interface Measured {
  pair: ImagePair;
  title: string;
  /** Absent where it could not be made here, which `why` says. */
  made?: { bytes: number; run: Measurement };
  why?: string;
}

async function make(pair: ImagePair, format: Format, workDir: string): Promise<Measured> {
  const { title } = format;
  const needed = format.memoryBytes?.(statSync(pair.base).size) ?? 0;
  if (needed > freemem())
    return { pair, title, why: `takes ${Math.round(needed / 2 ** 20)} MiB, which this machine has not` };
  const out = join(workDir, 'format');
  rmSync(out, { force: true });
  const runs: Measurement[] = [];
  for (const one of format.programs(pair, out)) {
    if (!isInstalled(one.command)) return { pair, title, why: `${one.command} is not installed` };
    runs.push(await measure(one, workDir));
  }
  return {
    pair,
    title,
    made: {
      bytes: statSync(out).size,
      run: {
        wallMs: runs.reduce((sum, run) => sum + run.wallMs, 0),
        cpuMs: runs.reduce((sum, run) => sum + run.cpuMs, 0),
        peakKiB: Math.max(...runs.map((run) => run.peakKiB)),
      },
    },
  };
}

export const formatsBench: Bench = {
  name: 'formats',
  about: "what rdiff's format costs: beside xdelta3, bsdiff and zstd --patch-from at their best",
  onRequest: true,
  async run(settings): Promise<BenchResult> {
    const measured: Measured[] = [];
    for (const pair of await imagePairs(settings))
      for (const format of FORMATS) {
        settings.note(`${FORMAT_TITLES[pair.format]}: ${format.title}`);
        measured.push(await make(pair, format, settings.workDir));
      }
    const oursOf = (pair: ImagePair): number => measured.find((one) => one.pair === pair)?.made?.bytes ?? Number.NaN;
    return {
      tables: [
        {
          title: 'What the format costs',
          columns: ['image, format', 'size', 'by ours, zstd -19', 'processor', 'memory'],
          rows: measured.map(({ pair, title, made, why }) => [
            `${FORMAT_TITLES[pair.format]}: ${title}`,
            ...(made === undefined
              ? [why ?? '', '', '', '']
              : [
                  megabytes(made.bytes),
                  (made.bytes / oursOf(pair)).toFixed(3),
                  seconds(made.run.cpuMs),
                  mebibytesOfKiB(made.run.peakKiB),
                ]),
          ]),
        },
      ],
      judgements: [],
      data: measured,
    };
  },
};
