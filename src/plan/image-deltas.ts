import type { ImageKind } from '../core/image-kind.ts';

/** What a kind of image costs its deltas, and what would cost them less. */
export interface LargeDeltas {
  /** The kind in words: `squashfs (zstd, 128 KiB blocks)`. */
  kind: string;
  /** How many times as large its deltas are as those of the same files uncompressed. */
  times: number;
  /** Name of the fragment to include, below the top-level kas/ folder. */
  fragment: string;
  /** What to do about it, in one line. */
  hint: string;
}

/**
 * Deltas of one upgrade by the kind of the image: MB after gzip, by the rows of
 * the table in docs/delta-friendly-images.md, to which a test holds them.
 */
export const MEASURED_MB = {
  'squashfs, none, fragment': 8.25,
  'squashfs, gzip, 128 KiB': 27,
  'squashfs, xz, 128 KiB': 27,
  'squashfs, zstd, 4 KiB': 20,
  'squashfs, zstd, 16 KiB': 20,
  'squashfs, zstd, 64 KiB': 20,
  'squashfs, zstd, 128 KiB': 27.03,
  'squashfs, zstd, 1024 KiB': 40,
} as const;

/** Below this many times, the kind of the image is left to other reasons. */
const WORTH_TELLING = 2;

/**
 * Judges a kind of image by what was measured of it; undefined where its deltas
 * are not much larger than they have to be. A squashfs without fragments is as
 * good as a compressed one gets, and a small slot is reason enough for it.
 */
export function largeDeltasOf(kind: ImageKind): LargeDeltas | undefined {
  switch (kind.filesystem) {
    case 'squashfs':
      return squashfsDeltas(kind);
    // Compressed, their deltas were measured at less than twice the size, with any compression and cluster size.
    case 'erofs':
    case 'ext4':
    case 'vfat':
    case 'unknown':
      return undefined;
    default:
      return kind satisfies never;
  }
}

type Squashfs = Extract<ImageKind, { filesystem: 'squashfs' }>;

function squashfsDeltas(kind: Squashfs): LargeDeltas | undefined {
  if (kind.compression === 'none' || (!kind.hasFragments && kind.blockBytes <= 128 * 1024)) return undefined;
  const times = squashfsMegabytes(kind) / MEASURED_MB['squashfs, none, fragment'];
  if (times < WORTH_TELLING) return undefined;
  return {
    kind: `squashfs (${kind.compression}, ${kind.blockBytes / 1024} KiB blocks)`,
    times,
    fragment: 'delta-friendly-squashfs.yml',
    hint:
      'Include kas/delta-friendly-squashfs.yml: uncompressed (squashfs), or compressed without fragments ' +
      '(squashfs-zst) if the slot is too small. See docs/delta-friendly-images.md.',
  };
}

/** Of the block size measured that is nearest; what was not measured of another compression is taken as of zstd. */
function squashfsMegabytes({ compression, blockBytes }: Squashfs): number {
  if (blockBytes === 128 * 1024 && (compression === 'gzip' || compression === 'xz'))
    return MEASURED_MB[`squashfs, ${compression}, 128 KiB`];
  const kib = ([4, 16, 64, 128, 1024] as const).toSorted(
    (a, b) => Math.abs(Math.log2(blockBytes / 1024 / a)) - Math.abs(Math.log2(blockBytes / 1024 / b)),
  )[0];
  return MEASURED_MB[`squashfs, zstd, ${kib ?? 128} KiB`];
}
