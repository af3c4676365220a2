import type { ImageBytes } from '../image-bytes.ts';
import type { Codec } from '../image-map.ts';

/** The superblock of a squashfs 4.0; places are bytes of the image. */
export interface SquashfsLayout {
  inodes: number;
  blockBytes: number;
  fragments: number;
  codec: Codec;
  ids: number;
  /** Reference of the root's inode: its block and the offset within. */
  root: { block: number; offset: number };
  usedBytes: number;
  inodeTableAt: number;
  directoryTableAt: number;
  /** Lists of metadata blocks; undefined for a table that the image does not have. */
  fragmentListAt: number | undefined;
  exportListAt: number | undefined;
  idListAt: number;
  attributeListAt: number | undefined;
}

export const SUPERBLOCK_BYTES = 96;

/** @see Linux fs/squashfs/squashfs_fs.h, *_COMPRESSION; lzma and lzo cannot be undone here */
const CODECS: Readonly<Record<number, Codec>> = { 1: 'zlib', 2: 'unknown', 3: 'unknown', 4: 'xz', 5: 'lz4', 6: 'zstd' };

const NONE = 0xffff_ffff_ffff_ffffn;

/** @throws ReleasePlanError `image-corrupt`, `image-unsupported` */
export function readSuperblock(bytes: ImageBytes): SquashfsLayout {
  const raw = bytes.read(0, SUPERBLOCK_BYTES, 'the superblock');
  if (raw.readUInt16LE(28) !== 4) throw bytes.unsupported(`squashfs ${raw.readUInt16LE(28)}`);
  const place = (at: number): number | undefined => {
    const value = raw.readBigUInt64LE(at);
    if (value === NONE) return undefined;
    if (value > BigInt(bytes.sizeBytes)) throw bytes.corrupt('its superblock refers to what is beyond its end');
    return Number(value);
  };
  const needed = (at: number): number => {
    const value = place(at);
    if (value === undefined) throw bytes.corrupt('its superblock lacks a table');
    return value;
  };
  const codec = CODECS[raw.readUInt16LE(20)];
  const blockBytes = raw.readUInt32LE(12);
  if (codec === undefined) throw bytes.corrupt(`its superblock names the compression ${raw.readUInt16LE(20)}`);
  if (blockBytes < 4096 || blockBytes > 2 ** 20 || blockBytes !== 2 ** raw.readUInt16LE(22))
    throw bytes.corrupt(`its superblock says blocks of ${blockBytes} bytes`);
  const rootReference = raw.readBigUInt64LE(32);
  return {
    inodes: raw.readUInt32LE(4),
    blockBytes,
    fragments: raw.readUInt32LE(16),
    codec,
    ids: raw.readUInt16LE(26),
    root: { block: Number(rootReference >> 16n), offset: Number(rootReference & 0xffffn) },
    usedBytes: needed(40),
    idListAt: needed(48),
    attributeListAt: place(56),
    inodeTableAt: needed(64),
    directoryTableAt: needed(72),
    fragmentListAt: place(80),
    exportListAt: place(88),
  };
}
