import { open } from 'node:fs/promises';
import type { ErofsCompression, ImageKind, SquashfsCompression } from '../core/image-kind.ts';
import { attributed } from './attribute.ts';
import { filesystemOf } from './filesystem.ts';

/** The superblocks of both: squashfs at 0, erofs at 1024. */
const HEAD_BYTES = 1152;

/**
 * The kind of an image, by its superblock alone: nothing else of it is read.
 *
 * @throws ReleasePlanError, or the system's error, where the file cannot be read
 */
export async function imageKindOf(path: string): Promise<ImageKind> {
  const filesystem = await filesystemOf(path);
  switch (filesystem) {
    case 'squashfs':
      return squashfsKind(await headOf(path));
    case 'erofs':
      return erofsKind(await headOf(path));
    case 'ext4':
    case 'vfat':
    case 'unknown':
      return { filesystem };
    default:
      return filesystem satisfies never;
  }
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    await attributed(path, async () => await handle.read(head, 0, head.length, 0));
  } finally {
    await handle.close();
  }
  return head;
}

/** @see Linux fs/squashfs/squashfs_fs.h, struct squashfs_super_block: *_COMPRESSION and the flags */
const SQUASHFS_COMPRESSIONS: Readonly<Record<number, SquashfsCompression>> = {
  1: 'gzip',
  2: 'lzma',
  3: 'lzo',
  4: 'xz',
  5: 'lz4',
  6: 'zstd',
};
const SQUASHFS_PLAIN_DATA = 0x2;
const SQUASHFS_NO_FRAGMENTS = 0x10;

function squashfsKind(head: Buffer): ImageKind {
  const flags = head.readUInt16LE(24);
  return {
    filesystem: 'squashfs',
    // The superblock of an uncompressed image names a compression too.
    compression:
      (flags & SQUASHFS_PLAIN_DATA) === 0 ? (SQUASHFS_COMPRESSIONS[head.readUInt16LE(20)] ?? 'unknown') : 'none',
    blockBytes: head.readUInt32LE(12),
    hasFragments: (flags & SQUASHFS_NO_FRAGMENTS) === 0,
  };
}

const EROFS_SUPERBLOCK_AT = 1024;

/**
 * By rising strength, which is their order in the superblock's bit map.
 *
 * @see Linux fs/erofs/erofs_fs.h, struct erofs_super_block: available_compr_algs and EROFS_FEATURE_INCOMPAT_*
 */
const EROFS_COMPRESSIONS: readonly ErofsCompression[] = ['lz4', 'lzma', 'deflate', 'zstd'];
const EROFS_LZ4_PADDED = 0x1;
const EROFS_COMPRESSION_TABLE = 0x2;
/** Of dedupe too, which has no file of packed ends. */
const EROFS_FRAGMENTS = 0x20;

function erofsKind(head: Buffer): ImageKind {
  const superblock = head.subarray(EROFS_SUPERBLOCK_AT);
  const hasFragments = (superblock.readUInt32LE(80) & EROFS_FRAGMENTS) !== 0 && superblock.readBigUInt64LE(96) !== 0n;
  return { filesystem: 'erofs', compression: erofsCompression(superblock), hasFragments };
}

function erofsCompression(superblock: Buffer): ErofsCompression {
  const features = superblock.readUInt32LE(80);
  if ((features & EROFS_COMPRESSION_TABLE) === 0) return (features & EROFS_LZ4_PADDED) === 0 ? 'none' : 'lz4';
  const available = superblock.readUInt16LE(84);
  if (available >= 1 << EROFS_COMPRESSIONS.length) return 'unknown';
  return EROFS_COMPRESSIONS.findLast((_name, bit) => (available & (1 << bit)) !== 0) ?? 'none';
}
