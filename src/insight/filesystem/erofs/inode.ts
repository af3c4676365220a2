import type { ImageBytes } from '../image-bytes.ts';
import type { ImageInode } from '../image-tree.ts';
import type { ErofsLayout } from './superblock.ts';

/** How an inode's data lies. @see Linux fs/erofs/erofs_fs.h, EROFS_INODE_* */
export type DataLayout = 'plain' | 'inline' | 'compressed-full' | 'compressed-compact' | 'chunks';

const DATA_LAYOUTS: readonly DataLayout[] = ['plain', 'compressed-full', 'inline', 'compressed-compact', 'chunks'];

export interface ErofsInode {
  image: ImageInode;
  layout: DataLayout;
  /** Where it lies in the image. */
  startByte: number;
  /** Where inode and attributes end: block maps and inline data follow. */
  endByte: number;
  /** The first block, or what a chunked file says of its chunks. */
  data: number;
}

const NID_BYTES = 32;
const COMPACT_BYTES = 32;
const EXTENDED_BYTES = 64;
const KINDS: Readonly<Record<number, ImageInode['kind']>> = { 0o10: 'file', 0o4: 'folder', 0o12: 'link' };

/** @throws ReleasePlanError `image-corrupt` */
export function readInode(bytes: ImageBytes, superblock: ErofsLayout, nid: number): ErofsInode {
  const startByte = superblock.inodesAt + nid * NID_BYTES;
  const format = bytes.read(startByte, 2, 'an inode').readUInt16LE(0);
  const isExtended = (format & 1) !== 0;
  const sizeOnDisk = isExtended ? EXTENDED_BYTES : COMPACT_BYTES;
  const raw = bytes.read(startByte, sizeOnDisk, 'an inode');
  const layout = DATA_LAYOUTS[(format >> 1) & 7];
  if (layout === undefined) throw bytes.corrupt(`the inode ${nid} has its data in an unknown form`);
  const attributes = raw.readUInt16LE(2);
  const mode = raw.readUInt16LE(4);
  const sizeBytes = isExtended ? Number(raw.readBigUInt64LE(8)) : raw.readUInt32LE(8);
  if (!Number.isSafeInteger(sizeBytes)) throw bytes.corrupt(`the inode ${nid} has a size beyond 2^53`);
  const data = raw.readUInt32LE(16);
  return {
    image: {
      kind: KINDS[mode >> 12] ?? 'other',
      mode: mode & 0o7777,
      uid: isExtended ? raw.readUInt32LE(24) : raw.readUInt16LE(24),
      gid: isExtended ? raw.readUInt32LE(28) : raw.readUInt16LE(26),
      sizeBytes,
      modifiedS: isExtended ? Number(raw.readBigUInt64LE(32)) : superblock.buildTimeS,
      otherTimes: isExtended ? String(raw.readUInt32LE(40)) : '',
      location: `${layout}:${data}`,
    },
    layout,
    startByte,
    endByte: startByte + sizeOnDisk + (attributes === 0 ? 0 : 12 + 4 * (attributes - 1)),
    data,
  };
}
