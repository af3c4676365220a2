/** What the choice of the compressor and its level rests on: bytes and seconds for our delta of the ext4 pair. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createDelta } from '../src/index.ts';
import type { Bench, BenchResult } from './bench.ts';
import { FORMAT_TITLES, imagePairs } from './images.ts';
import { interleaved, medianOf, type Program } from './measure.ts';
import { isInstalled, program } from './programs.ts';
import { mebibytesOfKiB, megabytes, seconds } from './table.ts';

/** Command lines that write to standard output; zopfli and pigz only where they are installed. */
const CANDIDATES: readonly string[][] = [
  ['gzip', '-6', '-n', '-c'],
  ['gzip', '-9', '-n', '-c'],
  ['libdeflate-gzip', '-9', '-c'],
  ['libdeflate-gzip', '-10', '-c'],
  ['libdeflate-gzip', '-11', '-c'],
  ['libdeflate-gzip', '-12', '-c'],
  ['pigz', '-9', '-n', '-c'],
  ['pigz', '-11', '-n', '-c'],
  ['zopfli', '--i5', '-c'],
  ['zstd', '-9', '--long=27', '-q', '-c'],
  ['zstd', '-15', '--long=27', '-q', '-c'],
  ['zstd', '-19', '--long=27', '-q', '-c'],
  ['zstd', '--ultra', '-22', '--long=27', '-q', '-c'],
];

export const compressBench: Bench = {
  name: 'compress',
  about: 'gzip and zstd by several programs and levels, on our deltas',
  onRequest: true,
  async run(settings): Promise<BenchResult> {
    const measured = [];
    for (const { format, base, target } of await imagePairs(settings)) {
      const delta = join(settings.workDir, 'delta');
      await createDelta(base, target, delta);
      settings.note(`${FORMAT_TITLES[format]}: compressors`);
      for (const [command = '', ...flags] of CANDIDATES) {
        if (!isInstalled(command)) continue;
        const stdout = join(settings.workDir, 'packed');
        const packed: Program = { ...program(command, ...flags, delta), stdout };
        const { it } = await interleaved({ it: packed }, 1, settings.workDir);
        measured.push({
          format,
          command: [command, ...flags.filter((flag) => !['-c', '-n', '-q'].includes(flag))].join(' '),
          bytes: statSync(stdout).size,
          ...medianOf(it),
        });
      }
    }
    return {
      tables: [
        {
          title: 'Compressors, on our deltas',
          columns: ['image, program', 'size', 'time', 'memory'],
          rows: measured.map(({ format, command, bytes, wallMs, peakKiB }) => [
            `${FORMAT_TITLES[format]}: ${command}`,
            megabytes(bytes),
            seconds(wallMs),
            mebibytesOfKiB(peakKiB),
          ]),
        },
      ],
      judgements: [],
      data: measured,
    };
  },
};
