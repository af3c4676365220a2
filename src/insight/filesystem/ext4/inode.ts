import type { ImageInode } from '../image-tree.ts';

/** An inode as it stands in the image, beside what {@link ImageInode} says of it. */
export interface Ext4Inode {
  image: ImageInode;
  flags: number;
  /** The 60 bytes that hold the block map, a short link's target, or a small file's content. */
  iBlock: Buffer;
  /** Where {@link iBlock} lies in the image. */
  iBlockAt: number;
  /** The block with extended attributes; 0 for none. */
  attributeBlock: number;
  /** The rest of a small file's content, in the attribute `system.data`. */
  inlineRest: { startByte: number; lengthBytes: number } | undefined;
}

const INLINE_DATA_FLAG = 0x10000000;
const I_BLOCK_AT = 0x28;
export const I_BLOCK_BYTES = 60;

/** File kinds in the upper four bits of the mode. @see stat(2) */
const KINDS: Readonly<Record<number, ImageInode['kind']>> = { 0o10: 'file', 0o4: 'folder', 0o12: 'link' };

/** Whether a file's content stands in its inode. */
export const isInline = ({ flags }: Ext4Inode): boolean => (flags & INLINE_DATA_FLAG) !== 0;

/**
 * @param raw the inode's bytes
 * @param at where they lie in the image
 * @returns undefined for one that is not in use
 * @see Linux Documentation/filesystems/ext4/inodes.rst
 */
export function decodeInode(raw: Buffer, at: number): Ext4Inode | undefined {
  const mode = raw.readUInt16LE(0);
  if (mode === 0 || raw.readUInt16LE(0x1a) === 0) return undefined;
  const flags = raw.readUInt32LE(0x20);
  const iBlock = raw.subarray(I_BLOCK_AT, I_BLOCK_AT + I_BLOCK_BYTES);
  const extraBytes = raw.length > 0x80 ? raw.readUInt16LE(0x80) : 0;
  return {
    image: {
      kind: KINDS[mode >> 12] ?? 'other',
      mode: mode & 0o7777,
      uid: raw.readUInt16LE(2) + raw.readUInt16LE(0x78) * 2 ** 16,
      gid: raw.readUInt16LE(0x18) + raw.readUInt16LE(0x7a) * 2 ** 16,
      sizeBytes: raw.readUInt32LE(4) + raw.readUInt32LE(0x6c) * 2 ** 32,
      modifiedS: raw.readUInt32LE(0x10),
      otherTimes: timesOf(raw, extraBytes),
      location: (flags & INLINE_DATA_FLAG) === 0 ? iBlock.toString('base64') : 'inline',
    },
    flags,
    iBlock,
    iBlockAt: at + I_BLOCK_AT,
    attributeBlock: raw.readUInt32LE(0x68) + raw.readUInt16LE(0x76) * 2 ** 32,
    inlineRest: (flags & INLINE_DATA_FLAG) === 0 ? undefined : inlineRest(raw, at, 0x80 + extraBytes),
  };
}

/** Read, status change and creation, with the nanoseconds of all four times where there is room for them. */
function timesOf(raw: Buffer, extraBytes: number): string {
  const extra = raw.subarray(0x84, Math.min(0x98, 0x80 + extraBytes, raw.length));
  return `${raw.readUInt32LE(8)} ${raw.readUInt32LE(0xc)} ${extra.toString('hex')}`;
}

const ATTRIBUTE_MAGIC = 0xea020000;
const SYSTEM_INDEX = 7;

/** @see Linux Documentation/filesystems/ext4/inlinedata.rst, attributes.rst */
function inlineRest(raw: Buffer, at: number, bodyAt: number): Ext4Inode['inlineRest'] {
  if (bodyAt + 4 > raw.length || raw.readUInt32LE(bodyAt) !== ATTRIBUTE_MAGIC) return undefined;
  const first = bodyAt + 4;
  for (let entry = first; entry + 16 <= raw.length && raw.readUInt32LE(entry) !== 0;) {
    const nameBytes = raw.readUInt8(entry);
    const valueAt = first + raw.readUInt16LE(entry + 2);
    const lengthBytes = raw.readUInt32LE(entry + 8);
    const name = raw.toString('latin1', entry + 16, entry + 16 + nameBytes);
    if (raw.readUInt8(entry + 1) === SYSTEM_INDEX && name === 'data')
      return valueAt + lengthBytes <= raw.length ? { startByte: at + valueAt, lengthBytes } : undefined;
    entry += 16 + ((nameBytes + 3) & ~3);
  }
  return undefined;
}
