/** Deltas under a memory limit: held, and still smaller than rdiff's. */
import { execFileSync } from 'node:child_process';
import { closeSync, createReadStream, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { FORMAT_TITLES, imagePairs, type ImagePair } from './images.ts';
import { measure, type Measurement } from './measure.ts';
import { program, releasePlan } from './programs.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds } from './table.ts';

const MIB = 2 ** 20;

/** Issue 16: more memory is not to cost time. */
const TIME_LIMIT = 1.5;

interface Input {
  name: string;
  base: string;
  target: string;
  /** Limits to try, in MiB. */
  limits: readonly number[];
}

interface Measured extends Measurement {
  name: string;
  limitMiB: number;
  rdiffBytes: number;
  deltaBytes: number;
}

async function inputs(settings: BenchSettings): Promise<Input[]> {
  const pairs = await imagePairs(settings);
  const limits = settings.full ? [4096, 1024, 512, 256] : [512, 256, 192];
  const each = pairs
    .slice(0, 1)
    .map(({ format, base, target }) => ({ name: FORMAT_TITLES[format], base, target, limits }));
  return settings.full ? [...each, await largePair(pairs, settings)] : each;
}

/**
 * Two images of 8 GiB: all the pairs one after the other, in another order in the target, and noise that both share.
 */
async function largePair(pairs: readonly ImagePair[], settings: BenchSettings): Promise<Input> {
  const [base, target] = [join(settings.cacheDir, 'large.old'), join(settings.cacheDir, 'large.new')];
  if (!existsSync(base) || !existsSync(target)) {
    settings.note('making two images of 8 GiB');
    const noise = join(settings.workDir, 'noise');
    const sizeBytes = 8 * 2 ** 30;
    const taken = pairs.reduce((sum, pair) => sum + Math.max(statSync(pair.base).size, statSync(pair.target).size), 0);
    const fd = openSync(noise, 'w');
    for (let done = 0; done < sizeBytes - taken; done += MIB) writeSync(fd, randomFillSync(Buffer.alloc(MIB)));
    closeSync(fd);
    await concatenate([...pairs.map((pair) => pair.base), noise], base);
    await concatenate([noise, ...pairs.map((pair) => pair.target).toReversed()], target);
    rmSync(noise);
  }
  return { name: '8 GiB each, moved', base, target, limits: [4096, 2048, 1024, 512, 256] };
}

async function concatenate(files: readonly string[], out: string): Promise<void> {
  const fd = openSync(`${out}.part`, 'w');
  for (const file of files)
    for await (const chunk of createReadStream(file, { highWaterMark: MIB })) writeSync(fd, chunk as Uint8Array);
  closeSync(fd);
  renameSync(`${out}.part`, out);
}

export const memoryBench: Bench = {
  name: 'memory',
  about: 'our deltas under memory limits: held, and still smaller than those of rdiff',
  async run(settings): Promise<BenchResult> {
    const measured: Measured[] = [];
    const file = (name: string): string => join(settings.workDir, name);
    for (const { name, base, target, limits } of await inputs(settings)) {
      settings.note(`${name}: rdiff`);
      await measure(program('rdiff', '--force', 'signature', base, file('sig')), settings.workDir);
      await measure(program('rdiff', '--force', 'delta', file('sig'), target, file('rdiff')), settings.workDir);
      const rdiffBytes = statSync(file('rdiff')).size;
      for (const limitMiB of limits) {
        settings.note(`${name}: ${limitMiB} MiB`);
        // What was written since may have taken their places in the page cache; whoever comes first would read the disk.
        for (const image of [base, target]) await measure(program('cksum', image), settings.workDir);
        const run = await measure(
          releasePlan('delta', 'create', base, target, file('ours'), '--memory', `${limitMiB}MiB`),
          settings.workDir,
        );
        execFileSync('rdiff', ['--force', 'patch', base, file('ours'), file('patched')]);
        execFileSync('cmp', [file('patched'), target]);
        rmSync(file('patched'));
        measured.push({ name, limitMiB, rdiffBytes, deltaBytes: statSync(file('ours')).size, ...run });
      }
    }
    const fastestMs = (name: string): number =>
      Math.min(...measured.filter((one) => one.name === name).map((one) => one.wallMs));
    return {
      tables: [
        {
          title: 'Memory limits; each delta proven by rdiff patch and cmp',
          columns: ['image', '--memory', 'peak', 'time', 'by the fastest', 'processor', 'delta', "rdiff's"],
          rows: measured.map((one) => [
            one.name,
            `${one.limitMiB} MiB`,
            mebibytesOfKiB(one.peakKiB),
            seconds(one.wallMs),
            ratio(one.wallMs / fastestMs(one.name)),
            seconds(one.cpuMs),
            megabytes(one.deltaBytes),
            megabytes(one.rdiffBytes),
          ]),
        },
      ],
      judgements: measured.flatMap((one) => [
        {
          target: `--memory ${one.limitMiB}MiB is kept on ${one.name}`,
          measured: mebibytesOfKiB(one.peakKiB),
          reached: one.peakKiB <= one.limitMiB * 1024,
        },
        {
          target: `the delta is smaller than rdiff's at ${one.limitMiB} MiB on ${one.name}`,
          measured: `${megabytes(one.deltaBytes)} against ${megabytes(one.rdiffBytes)}`,
          reached: one.deltaBytes < one.rdiffBytes,
        },
        {
          target: `time at ${one.limitMiB} MiB at most ${TIME_LIMIT} times the fastest on ${one.name}`,
          measured: ratio(one.wallMs / fastestMs(one.name)),
          reached: one.wallMs <= TIME_LIMIT * fastestMs(one.name),
        },
      ]),
      data: measured,
    };
  },
};
