/** What each kind of image costs: in the slot, sent whole, sent as a delta, and on the device that applies the delta. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createDelta, gzipFile, zstdFile } from '../src/index.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { kindPairs, type KindPair } from './kind-pairs.ts';
import { commandsInWords, IMAGE_KINDS } from './kinds.ts';
import { interleaved, medianOf, type Measurement } from './measure.ts';
import { program } from './programs.ts';
import { mebibytesOfKiB, megabytes, seconds, type Table } from './table.ts';

interface Measured {
  title: string;
  imageBytes: number;
  /** The target image as a full package holds it, compressed as `swu.compress: gzip` does. */
  fullBytes: number;
  deltaGzipBytes: number;
  deltaZstdBytes: number;
  /** `zstd -d` and `rdiff patch`, which SWUpdate does in one process. */
  unpack: Measurement;
  patch: Measurement;
}

export const imageKindsBench: Bench = {
  name: 'image-kinds',
  about: 'which file system, compression and block size give small deltas',
  onRequest: true,
  async run(settings): Promise<BenchResult> {
    const measured: Measured[] = [];
    for await (const pair of kindPairs(settings)) measured.push(await measureKind(pair, settings));
    return { tables: [tableOf(measured), commandsTable()], judgements: [], data: measured };
  },
};

async function measureKind({ kind, base, target }: KindPair, settings: BenchSettings): Promise<Measured> {
  settings.note(`${kind.title}: delta`);
  const file = (name: string): string => join(settings.workDir, name);
  await createDelta(base, target, file('delta'));
  await gzipFile(file('delta'), file('delta.gz'));
  await zstdFile(file('delta'), file('delta.zst'));
  const runs = await interleaved(
    {
      unpack: program('zstd', '-q', '-d', '-f', file('delta.zst'), '-o', file('unpacked')),
      patch: program('rdiff', '--force', 'patch', base, file('delta'), file('patched')),
    },
    settings.rounds,
    settings.workDir,
  );
  execFileSync('cmp', [file('patched'), target]);
  execFileSync('cmp', [file('unpacked'), file('delta')]);
  rmSync(file('patched'));
  return {
    title: kind.title,
    imageBytes: statSync(target).size,
    fullBytes: await fullPackageBytes(target, settings),
    deltaGzipBytes: statSync(file('delta.gz')).size,
    deltaZstdBytes: statSync(file('delta.zst')).size,
    unpack: medianOf(runs.unpack),
    patch: medianOf(runs.patch),
  };
}

/** Kept beside the image: a minute of processor time for each. */
async function fullPackageBytes(image: string, settings: BenchSettings): Promise<number> {
  const packed = `${image}.gz`;
  if (!existsSync(packed)) {
    settings.note('  full package');
    await gzipFile(image, packed);
  }
  return statSync(packed).size;
}

function tableOf(measured: readonly Measured[]): Table {
  const smallest = Math.min(...measured.map((one) => one.deltaGzipBytes));
  return {
    title: 'Kinds of images, before and after an upgrade',
    columns: [
      'image',
      'size',
      'full, gzip',
      'delta, gzip',
      'delta, zstd',
      'by the smallest',
      'of the full',
      'device: CPU',
      'device: memory',
    ],
    rows: measured.map((one) => [
      one.title,
      megabytes(one.imageBytes),
      megabytes(one.fullBytes),
      megabytes(one.deltaGzipBytes),
      megabytes(one.deltaZstdBytes),
      (one.deltaGzipBytes / smallest).toFixed(1),
      `${((100 * one.deltaGzipBytes) / one.fullBytes).toFixed(1)} %`,
      seconds(one.unpack.cpuMs + one.patch.cpuMs),
      mebibytesOfKiB(one.unpack.peakKiB + one.patch.peakKiB),
    ]),
  };
}

function commandsTable(): Table {
  return {
    title: 'The commands',
    columns: ['image', 'command'],
    rows: IMAGE_KINDS.map((kind) => [kind.title, `\`${commandsInWords(kind)}\``]),
  };
}
