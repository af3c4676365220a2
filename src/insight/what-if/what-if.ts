import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { withScratch } from '../../io/scratch.ts';
import { createDelta, gzipFile } from '../../rdiff/index.ts';
import { openImage } from '../filesystem/index.ts';
import { IMAGE_KINDS, makeImage, type ImageKind } from './make-image.ts';
import { unpackTree } from './unpack-tree.ts';

/** What the delta would be, had the same files been put into another image. */
export interface WhatIfRow {
  kind: ImageKind;
  /** `clamped`: every file with one and the same time, as reproducible builds have it. */
  times: 'kept' | 'clamped';
  /** Null where the image could not be made; `reason` says why. */
  sizes: WhatIfSizes | null;
  reason: string | null;
}

export interface WhatIfSizes {
  targetBytes: number;
  deltaBytes: number;
  gzipBytes: number;
}

/** All files with this time, in the clamped images. */
const CLAMPED_S = 1;

/**
 * Makes images of other kinds out of the same files, and their deltas: every size is measured. Needs room for both
 * images' files and two images in TMPDIR, and takes minutes for images of gigabytes.
 *
 * @throws ReleasePlanError `image-unsupported`, `image-corrupt`, `disk-full`; AbortError
 */
export async function whatIf(
  basePath: string,
  targetPath: string,
  options: { signal?: AbortSignal; onRow?: (row: WhatIfRow) => void } = {},
): Promise<WhatIfRow[]> {
  const { signal, onRow } = options;
  const rows: WhatIfRow[] = [];
  // The files, and images of them with a delta: what does not compress is not smaller there.
  const needBytes = 3 * ((await filesOf(basePath, signal)) + (await filesOf(targetPath, signal)));
  for (const times of ['kept', 'clamped'] as const)
    await withScratch('whatif', needBytes, async (folder) => {
      const trees = { base: join(folder, 'base'), target: join(folder, 'target') };
      const modified = { ...(times === 'clamped' ? { modifiedS: CLAMPED_S } : {}), ...(signal ? { signal } : {}) };
      for (const [path, tree] of [
        [basePath, trees.base],
        [targetPath, trees.target],
      ] as const) {
        const image = await openImage(path, signal);
        try {
          await unpackTree(image, tree, modified);
        } finally {
          image.close();
        }
      }
      const ext4Bytes = await roomFor([trees.base, trees.target]);
      for (const kind of IMAGE_KINDS) {
        signal?.throwIfAborted();
        const row = await measure(kind, times, trees, { folder, ext4Bytes, ...(signal ? { signal } : {}) });
        rows.push(row);
        onRow?.(row);
      }
    });
  return rows;
}

/** The bytes of an image's files. */
async function filesOf(path: string, signal: AbortSignal | undefined): Promise<number> {
  const image = await openImage(path, signal);
  try {
    return image.tree.inodes.reduce((sum, one) => sum + one.sizeBytes, 0);
  } finally {
    image.close();
  }
}

async function measure(
  kind: ImageKind,
  times: WhatIfRow['times'],
  trees: { base: string; target: string },
  { folder, ext4Bytes, signal }: { folder: string; ext4Bytes: number; signal?: AbortSignal },
): Promise<WhatIfRow> {
  const at = (name: string): string => join(folder, name);
  const stop = signal === undefined ? {} : { signal };
  try {
    await makeImage(kind, trees.base, at('old'), { ext4Bytes, ...stop });
    await makeImage(kind, trees.target, at('new'), { ext4Bytes, ...stop });
    const { targetBytes, deltaBytes } = await createDelta(at('old'), at('new'), at('delta'), stop);
    const { sizeBytes: gzipBytes } = await gzipFile(at('delta'), at('delta.gz'), stop);
    return { kind, times, sizes: { targetBytes, deltaBytes, gzipBytes }, reason: null };
  } catch (error) {
    const isTool = error instanceof ReleasePlanError && (error.code === 'tool-missing' || error.code === 'tool-failed');
    if (!isTool) throw error;
    return { kind, times, sizes: null, reason: error.message };
  } finally {
    for (const name of ['old', 'new', 'delta', 'delta.gz']) await rm(at(name), { force: true });
  }
}

const EXT4_BLOCK_BYTES = 4096;
/** Inode tables, journal and bitmaps beside the files. */
const EXT4_LEAST_BYTES = 16 * 1024 * 1024;
const EXT4_SHARE = 1.25;

/** The size of an ext4 that holds any of these trees. */
async function roomFor(trees: readonly string[]): Promise<number> {
  let most = 0;
  for (const tree of trees) {
    let used = 0;
    for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
      const bytes = entry.isFile() ? (await stat(join(entry.parentPath, entry.name))).size : 1;
      used += Math.ceil(bytes / EXT4_BLOCK_BYTES) * EXT4_BLOCK_BYTES;
    }
    most = Math.max(most, used);
  }
  return Math.ceil((most * EXT4_SHARE + EXT4_LEAST_BYTES) / 2 ** 20) * 2 ** 20;
}
