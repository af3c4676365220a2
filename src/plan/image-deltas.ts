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
  'squashfs, none, kas fragment': 8.25,
  'squashfs, gzip, 128 KiB': 33.45,
  'squashfs, lz4, 128 KiB': 12.75,
  'squashfs, lzo, 128 KiB': 11.46,
  'squashfs, xz, 128 KiB': 27.85,
  'squashfs, zstd, 4 KiB': 24.93,
  'squashfs, zstd, 64 KiB': 26.76,
  'squashfs, zstd, 128 KiB': 27.03,
  'squashfs, zstd, 1024 KiB': 31.14,
  'erofs, zstd, 64 KiB, fragments': 47.18,
} as const;

/** Of the same files uncompressed. */
const SMALLEST_MB = MEASURED_MB['squashfs, none, kas fragment'];

/** Below this many times, the kind of the image is left to other reasons. */
const WORTH_TELLING = 2;

/**
 * Judges a kind of image by what was measured of it; undefined where its deltas
 * are not much larger than they have to be, given that it is compressed: a
 * small slot is reason enough for that.
 */
export function largeDeltasOf(kind: ImageKind): LargeDeltas | undefined {
  switch (kind.filesystem) {
    case 'squashfs':
      return squashfsDeltas(kind);
    case 'erofs':
      return erofsDeltas(kind);
    case 'ext4':
    case 'vfat':
    case 'unknown':
      return undefined;
    default:
      return kind satisfies never;
  }
}

type Squashfs = Extract<ImageKind, { filesystem: 'squashfs' }>;
type Erofs = Extract<ImageKind, { filesystem: 'erofs' }>;

function squashfsDeltas(kind: Squashfs): LargeDeltas | undefined {
  if (kind.compression === 'none' || isAsGoodAsItGets(kind)) return undefined;
  const times = squashfsMegabytes(kind) / SMALLEST_MB;
  if (times < WORTH_TELLING) return undefined;
  return {
    kind: `squashfs (${kind.compression}, ${kind.blockBytes / 1024} KiB blocks)`,
    times,
    fragment: 'delta-friendly-squashfs.yml',
    hint:
      'Make it uncompressed (squashfs with kas/delta-friendly-squashfs.yml), or squashfs-lzo or erofs-lz4hc if the ' +
      'slot is too small for that. See docs/delta-friendly-images.md.',
  };
}

/** Of what is this small; gzip is larger than zstd, and its deltas too. */
const isAsGoodAsItGets = ({ compression, blockBytes, hasFragments }: Squashfs): boolean =>
  !hasFragments && blockBytes <= 128 * 1024 && compression !== 'gzip';

/** Of zstd by the block size measured that is nearest: it matters little, and was measured of zstd alone. */
function squashfsMegabytes({ compression, blockBytes }: Squashfs): number {
  const distance = (kib: number): number => Math.abs(Math.log2(blockBytes / 1024 / kib));
  const [nearest = 128] = ([4, 64, 128, 1024] as const).toSorted((a, b) => distance(a) - distance(b));
  switch (compression) {
    case 'none':
      return SMALLEST_MB;
    case 'gzip':
    case 'lz4':
    case 'lzo':
    case 'xz':
      return MEASURED_MB[`squashfs, ${compression}, 128 KiB`];
    case 'lzma':
      return MEASURED_MB['squashfs, xz, 128 KiB'];
    case 'zstd':
      return MEASURED_MB[`squashfs, zstd, ${nearest} KiB`];
    case 'unknown':
      return MEASURED_MB['squashfs, zstd, 128 KiB'];
    default:
      return compression satisfies never;
  }
}

/** Without fragments, every compression and cluster size was measured at less than twice the smallest. */
function erofsDeltas({ compression, hasFragments }: Erofs): LargeDeltas | undefined {
  if (compression === 'none' || !hasFragments) return undefined;
  return {
    kind: `erofs (${compression}, with fragments)`,
    times: MEASURED_MB['erofs, zstd, 64 KiB, fragments'] / SMALLEST_MB,
    fragment: 'delta-friendly-erofs.yml',
    hint:
      'Include kas/delta-friendly-erofs.yml, and leave -Efragments out of EXTRA_IMAGECMD. ' +
      'See docs/delta-friendly-images.md.',
  };
}
