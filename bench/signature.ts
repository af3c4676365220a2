/** Signatures: the same bytes as rdiff's, in less time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult } from './bench.ts';
import { FORMAT_TITLES, imagePairs } from './images.ts';
import { interleaved, medianOf } from './measure.ts';
import { program, releasePlan } from './programs.ts';
import { mebibytesOfKiB, ratio, seconds } from './table.ts';

export const signatureBench: Bench = {
  name: 'signature',
  about: 'our signatures beside those of rdiff: the same bytes, time, memory',
  async run(settings): Promise<BenchResult> {
    const measured = [];
    for (const { format, base } of await imagePairs(settings)) {
      settings.note(`${FORMAT_TITLES[format]}: signatures`);
      const [ours, theirs] = [join(settings.workDir, 'ours.sig'), join(settings.workDir, 'rdiff.sig')];
      const runs = await interleaved(
        {
          ours: releasePlan('delta', 'signature', base, ours),
          rdiff: program('rdiff', '--force', 'signature', base, theirs),
        },
        settings.rounds,
        settings.workDir,
      );
      measured.push({
        format,
        equal: readFileSync(ours).equals(readFileSync(theirs)),
        ours: medianOf(runs.ours),
        rdiff: medianOf(runs.rdiff),
        runs,
      });
    }
    return {
      tables: [
        {
          title: 'Signatures',
          columns: [
            'image',
            'ours',
            'rdiff',
            'ratio',
            'our CPU',
            "rdiff's CPU",
            'our memory',
            "rdiff's memory",
            'same bytes',
          ],
          rows: measured.map(({ format, equal, ours, rdiff }) => [
            FORMAT_TITLES[format],
            seconds(ours.wallMs),
            seconds(rdiff.wallMs),
            ratio(ours.wallMs / rdiff.wallMs),
            seconds(ours.cpuMs),
            seconds(rdiff.cpuMs),
            mebibytesOfKiB(ours.peakKiB),
            mebibytesOfKiB(rdiff.peakKiB),
            equal ? 'yes' : 'NO',
          ]),
        },
      ],
      judgements: measured.map(({ format, equal }) => ({
        target: `signature byte-identical to rdiff's on ${FORMAT_TITLES[format]}`,
        measured: equal ? 'yes' : 'no',
        reached: equal,
      })),
      data: measured,
    };
  },
};
