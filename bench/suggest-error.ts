/** How far estimates from signatures are from the deltas that are made: versions of a small tree, by kind of image. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { BlockIndex, loadSignature } from '../src/insight/suggest/block-index.ts';
import { calibrate } from '../src/insight/suggest/calibrate.ts';
import { createDelta, gzipFile, signature } from '../src/rdiff/index.ts';
import { erofs, ext4, squashfs, type MakeImage } from '../test/insight/images.ts';
import { noise } from '../test/support/noise.ts';
import type { BenchSettings } from './bench.ts';
import { megabytes, type Table } from './table.ts';

const KINDS: Record<string, MakeImage> = {
  'ext4': ext4('96M'),
  'squashfs, uncompressed': squashfs('-noI', '-noD', '-noF', '-noX'),
  'squashfs, zstd': squashfs('-comp', 'zstd'),
  'erofs, uncompressed': erofs(),
  'erofs, lz4hc': erofs('-zlz4hc'),
};

const VERSIONS = 8;
const TREE_BYTES = 48e6;
const TIME_S = 1_700_000_000;

interface Row {
  kind: string;
  from: number;
  missingBytes: number;
  deltaBytes: number;
}

/** Programs of this machine; each version replaces some, lets some grow by a few bytes, and adds one. */
function* trees(dir: string): Generator<string, void, undefined> {
  mkdirSync(dir, { recursive: true });
  const names: string[] = [];
  let total = 0;
  for (const name of readdirSync('/usr/bin').sort()) {
    const found = statSync(join('/usr/bin', name), { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.size > 4e6 || total > TREE_BYTES) continue;
    copyFileSync(join('/usr/bin', name), join(dir, name));
    names.push(name);
    total += found.size;
  }
  for (let version = 0; version < VERSIONS; version += 1) {
    for (const [at, name] of names.entries()) {
      if (version === 0) continue;
      if ((at * 31 + version) % 37 === 0) appendFileSync(join(dir, name), noise(200, version * 1000 + at));
      if ((at * 17 + version) % 53 === 0) writeFileSync(join(dir, name), noise(30_000, version * 7000 + at));
    }
    writeFileSync(join(dir, `added-${version}`), noise(50_000, version));
    for (const name of [...readdirSync(dir), '.']) utimesSync(join(dir, name), TIME_S, TIME_S);
    yield dir;
  }
}

/** Deltas from each version to the last. */
async function measureKind(kind: string, images: readonly string[]): Promise<Row[]> {
  const target = images.at(-1) ?? '';
  const rows: Row[] = [];
  for (const [from, image] of images.slice(0, -1).entries()) {
    await signature(image, `${image}.sig`, {});
    const base = await loadSignature(`${image}.sig`);
    // As the estimator does for a base whose blocks have another length.
    await signature(target, `${target}.sig`, { blockBytes: base.header.blockBytes });
    const missingBytes = new BlockIndex(await loadSignature(`${target}.sig`)).missingBytes(base);
    await createDelta(image, target, `${image}.delta`, {});
    await gzipFile(`${image}.delta`, `${image}.delta.gz`, {});
    rows.push({ kind, from, missingBytes, deltaBytes: statSync(`${image}.delta.gz`).size });
  }
  return rows;
}

/** Bases whose deltas are known: the next below the target. */
const KNOWN = 3;

/** How far off the others are, estimated by those that are known; and by which method. */
function judge(rows: readonly Row[]): { method: string; claimed: number; errors: number[] } {
  const known = rows.slice(-KNOWN).map(({ from, missingBytes, deltaBytes }) => ({
    distance: VERSIONS - 1 - from,
    missingBytes,
    bytes: deltaBytes,
  }));
  const { method, error, estimate } = calibrate(known, 1);
  const errors = rows.slice(0, -KNOWN).map(({ from, missingBytes, deltaBytes }) => {
    const estimated = estimate({ distance: VERSIONS - 1 - from, missingBytes }) ?? 0;
    return Math.abs(estimated / deltaBytes - 1);
  });
  return { method, claimed: error ?? 0, errors: errors.sort((x, y) => x - y) };
}

export async function measureErrors(settings: BenchSettings): Promise<{ table: Table; rows: Row[] }> {
  const dir = join(settings.workDir, 'suggest-error');
  const images: Record<string, string[]> = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
  let version = 0;
  for (const tree of trees(join(dir, 'tree'))) {
    settings.note(`version ${version + 1} of ${VERSIONS}`);
    for (const [at, [kind, make]] of Object.entries(KINDS).entries()) {
      const image = join(dir, `${at}-${version}`);
      make(tree, image);
      images[kind]?.push(image);
    }
    version += 1;
  }
  const rows: Row[] = [];
  for (const kind of Object.keys(KINDS)) rows.push(...(await measureKind(kind, images[kind] ?? [])));
  rmSync(dir, { recursive: true, force: true });
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return {
    rows,
    table: {
      title: `Estimates of ${VERSIONS - 1 - KNOWN} deltas, by the ${KNOWN} from the versions next below the target`,
      columns: ['image', 'deltas, gzip', 'estimated by', 'error as told', 'median error', 'largest error'],
      rows: Object.keys(KINDS).map((kind) => {
        const ofKind = rows.filter((one) => one.kind === kind);
        const { method, claimed, errors } = judge(ofKind);
        const sizes = ofKind.map(({ deltaBytes }) => deltaBytes);
        return [
          kind,
          `${megabytes(Math.min(...sizes))} to ${megabytes(Math.max(...sizes))}`,
          method,
          percent(claimed),
          percent(errors[Math.floor(errors.length / 2)] ?? 0),
          percent(errors.at(-1) ?? 0),
        ];
      }),
    },
  };
}
