/** Inputs that make careless matching quadratic: the time per MiB must stay near that of random data. */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { interleaved, medianOf } from './measure.ts';
import { releasePlan } from './programs.ts';
import { mebibytesOfKiB, megabytes, ratio, seconds } from './table.ts';

const MIB = 2 ** 20;
const BLOCK_BYTES = 4096;

/** Issue 3, "What it must show", 4. */
const LIMIT = 4;

interface WorstCase {
  name: string;
  base: string;
  target: string;
}

/** Makes a file from pieces of one MiB or less; kept in the cache folder. */
function input(settings: BenchSettings, name: string, pieces: () => Iterable<Uint8Array>): string {
  const path = join(settings.cacheDir, `worst-${settings.full ? 'large' : 'small'}-${name}`);
  if (existsSync(path)) return path;
  settings.note(`making ${name}`);
  rmSync(`${path}.part`, { force: true });
  const fd = openSync(`${path}.part`, 'w');
  for (const piece of pieces()) writeSync(fd, piece);
  closeSync(fd);
  renameSync(`${path}.part`, path);
  return path;
}

function* repeated(piece: Uint8Array, times: number): Generator<Uint8Array> {
  for (let turn = 0; turn < times; turn += 1) yield piece;
}

function* random(mebibytes: number): Generator<Uint8Array> {
  for (let turn = 0; turn < mebibytes; turn += 1) yield randomFillSync(Buffer.alloc(MIB));
}

function worstCases(settings: BenchSettings): WorstCase[] {
  const mebibytes = settings.full ? 512 : 32;
  const blocks = settings.full ? 2 ** 20 : (mebibytes * MIB) / BLOCK_BYTES;
  const block = randomFillSync(Buffer.alloc(BLOCK_BYTES));
  const manyBlocks = Buffer.concat([...repeated(block, MIB / BLOCK_BYTES)]);
  const file = (name: string, pieces: () => Iterable<Uint8Array>): string => input(settings, name, pieces);
  const one = file('random-1', () => random(mebibytes));
  const two = file('random-2', () => random(mebibytes));
  const empty = file('empty', () => []);
  const zeros = file('zeros', () => repeated(Buffer.alloc(MIB), mebibytes));
  return [
    { name: 'random against random', base: one, target: two },
    { name: 'all zeros', base: zeros, target: zeros },
    {
      name: 'zeros, and a target of one byte repeated',
      base: zeros,
      target: file('ones', () => repeated(Buffer.alloc(MIB, 1), mebibytes)),
    },
    {
      name: 'zeros with a change every 100 bytes',
      base: zeros,
      target: file('dotted', () =>
        repeated(Buffer.from(Uint8Array.from({ length: MIB }, (_, at) => (at % 100 === 99 ? 1 : 0))), mebibytes),
      ),
    },
    {
      name: `the same ${BLOCK_BYTES} bytes ${blocks} times, shifted by 100`,
      base: file('blocks', () => repeated(manyBlocks, (blocks * BLOCK_BYTES) / MIB)),
      target: file('blocks-shifted', function* () {
        yield block.subarray(100);
        yield* repeated(manyBlocks, (blocks * BLOCK_BYTES) / MIB - 1);
      }),
    },
    { name: 'random, halves swapped', base: one, target: file('random-swapped', () => halvesSwapped(one)) },
    { name: 'empty base, random target', base: empty, target: one },
    { name: 'random base, empty target', base: one, target: empty },
  ];
}

/** The pieces of a file, its second half first. */
function* halvesSwapped(path: string): Generator<Uint8Array> {
  const fd = openSync(path, 'r');
  const pieces = statSync(path).size / MIB;
  const piece = Buffer.alloc(MIB);
  for (let turn = 0; turn < pieces; turn += 1) {
    readSync(fd, piece, 0, MIB, ((turn + pieces / 2) % pieces) * MIB);
    yield piece;
  }
  closeSync(fd);
}

export const worstCasesBench: Bench = {
  name: 'worst-cases',
  about: 'inputs that make careless matching quadratic',
  async run(settings): Promise<BenchResult> {
    const measured = [];
    for (const { name, base, target } of worstCases(settings)) {
      settings.note(name);
      const delta = join(settings.workDir, 'delta');
      const { it } = await interleaved(
        { it: releasePlan('delta', 'create', base, target, delta) },
        settings.rounds,
        settings.workDir,
      );
      execFileSync('rdiff', ['--force', 'patch', base, delta, join(settings.workDir, 'patched')]);
      execFileSync('cmp', [join(settings.workDir, 'patched'), target]);
      const mebibytes = (statSync(base).size + statSync(target).size) / MIB;
      const median = medianOf(it);
      measured.push({
        name,
        mebibytes,
        deltaBytes: statSync(delta).size,
        ...median,
        msPerMebibyte: median.wallMs / mebibytes,
        runs: it,
      });
    }
    const reference = measured[0]?.msPerMebibyte ?? Number.NaN;
    return {
      tables: [
        {
          title: 'Worst cases: from two files to a bare delta, proven by rdiff patch and cmp',
          columns: ['input', 'base + target', 'time', 'per MiB', 'by random', 'memory', 'delta'],
          rows: measured.map((one) => [
            one.name,
            `${Math.round(one.mebibytes)} MiB`,
            seconds(one.wallMs),
            `${one.msPerMebibyte.toFixed(2)} ms`,
            ratio(one.msPerMebibyte / reference),
            mebibytesOfKiB(one.peakKiB),
            megabytes(one.deltaBytes),
          ]),
        },
      ],
      judgements: measured.map((one) => ({
        target: `4. time per MiB at most ${LIMIT} times that of random data: ${one.name}`,
        measured: ratio(one.msPerMebibyte / reference),
        reached: one.msPerMebibyte <= LIMIT * reference,
      })),
      data: measured,
    };
  },
};
