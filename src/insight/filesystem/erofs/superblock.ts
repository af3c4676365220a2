import type { ImageBytes } from '../image-bytes.ts';

/** What an erofs superblock says, as far as it is needed. */
export interface ErofsLayout {
  blockBytes: number;
  rootNid: number;
  /** Where inode 0 would be. */
  inodesAt: number;
  /** Where attributes that several inodes share begin. */
  sharedAttributesAt: number;
  buildTimeS: number;
  /** Some file has pclusters of several blocks. */
  hasBigClusters: boolean;
  hasFragments: boolean;
  /** Compressed data stands at the end of its blocks. */
  isPadded: boolean;
  /** A file in the image that holds the ends of others; 0 for none. */
  packedNid: number;
}

const SUPERBLOCK_AT = 1024;
export const SUPERBLOCK_END = SUPERBLOCK_AT + 128;

// @see Linux fs/erofs/erofs_fs.h, EROFS_FEATURE_INCOMPAT_*; 0x8 and 0x20 have two meanings each, told by other fields
const INCOMPAT = {
  zeroPadding: 0x1,
  bigClusters: 0x2,
  chunked: 0x4,
  devices: 0x8,
  tails: 0x10,
  fragments: 0x20,
} as const;
const ATTRIBUTE_PREFIXES = 0x40;
const KNOWN = Object.values(INCOMPAT).reduce((all, one) => all | one, ATTRIBUTE_PREFIXES);

/** @throws ReleasePlanError `image-corrupt`, `image-unsupported` */
export function readSuperblock(bytes: ImageBytes): ErofsLayout {
  const raw = bytes.read(SUPERBLOCK_AT, SUPERBLOCK_END - SUPERBLOCK_AT, 'the superblock');
  const incompat = raw.readUInt32LE(80);
  if ((incompat & ~KNOWN) !== 0) throw bytes.unsupported(`erofs with the features 0x${incompat.toString(16)}`);
  const blockBits = raw.readUInt8(12);
  if (blockBits < 9 || blockBits > 16) throw bytes.corrupt(`its superblock says blocks of 2^${blockBits} bytes`);
  const blockBytes = 2 ** blockBits;
  return {
    blockBytes,
    rootNid: raw.readUInt16LE(14),
    inodesAt: raw.readUInt32LE(40) * blockBytes,
    sharedAttributesAt: raw.readUInt32LE(44) * blockBytes,
    buildTimeS: Number(raw.readBigUInt64LE(24)),
    hasBigClusters: (incompat & INCOMPAT.bigClusters) !== 0,
    hasFragments: (incompat & INCOMPAT.fragments) !== 0,
    isPadded: (incompat & INCOMPAT.zeroPadding) !== 0,
    packedNid: Number(raw.readBigUInt64LE(96)),
  };
}
