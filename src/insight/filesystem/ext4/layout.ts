import type { ExtentCollector } from '../extents.ts';
import type { ImageBytes } from '../image-bytes.ts';

/** What the superblock says, as far as it is needed to find everything else. */
export interface Ext4Layout {
  blockBytes: number;
  blocks: number;
  firstDataBlock: number;
  blocksPerGroup: number;
  inodesPerGroup: number;
  inodeBytes: number;
  journalInode: number;
  /** Names of folder entries carry the kind of their file. */
  hasFileTypes: boolean;
  groups: Ext4Group[];
}

export interface Ext4Group {
  inodeTableBlock: number;
  /** Inodes at the start of the table that may be in use; what follows was never written. */
  inodes: number;
}

const SUPERBLOCK_AT = 1024;
const SUPERBLOCK_BYTES = 1024;

// @see Linux fs/ext4/ext4.h, EXT4_FEATURE_*
const INCOMPAT = { fileType: 0x2, journalDevice: 0x8, metaBlockGroups: 0x10, bits64: 0x80 } as const;
const READ_ONLY_COMPAT = { sparseSuper: 0x1, groupChecksums: 0x10, metadataChecksums: 0x400 } as const;
const COMPAT = { sparseSuper2: 0x200 } as const;
const INODES_NEVER_USED = 0x1;

interface Features {
  compat: number;
  incompat: number;
  readOnlyCompat: number;
}

/**
 * Reads superblock and group descriptors, and hands in the places of what belongs to no file.
 *
 * @throws ReleasePlanError `image-corrupt`
 * @see Linux Documentation/filesystems/ext4/super.rst, group_descr.rst
 */
export function readLayout(bytes: ImageBytes, collector: ExtentCollector): Ext4Layout {
  const raw = bytes.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES, 'the superblock');
  const features: Features = {
    compat: raw.readUInt32LE(0x5c),
    incompat: raw.readUInt32LE(0x60),
    readOnlyCompat: raw.readUInt32LE(0x64),
  };
  if ((features.incompat & INCOMPAT.journalDevice) !== 0) throw bytes.unsupported('a journal on a device of its own');
  const logBlock = raw.readUInt32LE(0x18);
  const has64Bits = (features.incompat & INCOMPAT.bits64) !== 0;
  const layout: Ext4Layout = {
    blockBytes: 1024 * 2 ** logBlock,
    blocks: raw.readUInt32LE(4) + (has64Bits ? raw.readUInt32LE(0x150) * 2 ** 32 : 0),
    firstDataBlock: raw.readUInt32LE(0x14),
    blocksPerGroup: raw.readUInt32LE(0x20),
    inodesPerGroup: raw.readUInt32LE(0x28),
    inodeBytes: raw.readUInt32LE(0x4c) === 0 ? 128 : raw.readUInt16LE(0x58),
    journalInode: raw.readUInt32LE(0xe0),
    hasFileTypes: (features.incompat & INCOMPAT.fileType) !== 0,
    groups: [],
  };
  checkLayout(bytes, layout, logBlock);
  collector.metadata(0, SUPERBLOCK_AT + SUPERBLOCK_BYTES, 'superblock');
  const descriptorBytes = has64Bits ? raw.readUInt16LE(0xfe) : 32;
  if (descriptorBytes < 32 || descriptorBytes > layout.blockBytes)
    throw bytes.corrupt(`its group descriptors have ${descriptorBytes} bytes`);
  readGroups(bytes, collector, layout, { raw, features, descriptorBytes });
  return layout;
}

function checkLayout(bytes: ImageBytes, layout: Ext4Layout, logBlock: number): void {
  const problem =
    logBlock > 6
      ? `blocks of 2^${logBlock} KiB`
      : layout.blocksPerGroup === 0 || layout.blocksPerGroup > 8 * layout.blockBytes * 64
        ? `${layout.blocksPerGroup} blocks in a group`
        : layout.inodesPerGroup === 0 || layout.inodesPerGroup > 8 * layout.blockBytes
          ? `${layout.inodesPerGroup} inodes in a group`
          : layout.inodeBytes < 128 || layout.inodeBytes > layout.blockBytes || layout.inodeBytes % 4 !== 0
            ? `inodes of ${layout.inodeBytes} bytes`
            : layout.blocks <= layout.firstDataBlock ||
                layout.blocks * layout.blockBytes > bytes.sizeBytes * 64 + 2 ** 20
              ? `${layout.blocks} blocks in an image of ${bytes.sizeBytes} bytes`
              : undefined;
  if (problem !== undefined) throw bytes.corrupt(`its superblock says ${problem}`);
}

interface DescriptorSource {
  raw: Buffer;
  features: Features;
  descriptorBytes: number;
}

function readGroups(
  bytes: ImageBytes,
  collector: ExtentCollector,
  layout: Ext4Layout,
  { raw, features, descriptorBytes }: DescriptorSource,
): void {
  const groups = Math.ceil((layout.blocks - layout.firstDataBlock) / layout.blocksPerGroup);
  const perBlock = Math.floor(layout.blockBytes / descriptorBytes);
  const tableBlocks = Math.ceil(groups / perBlock);
  const firstMeta = (features.incompat & INCOMPAT.metaBlockGroups) === 0 ? tableBlocks : raw.readUInt32LE(0x104);
  const reservedBlocks = firstMeta === tableBlocks ? raw.readUInt16LE(0xce) : 0;
  const countsUnused =
    (features.readOnlyCompat & (READ_ONLY_COMPAT.groupChecksums | READ_ONLY_COMPAT.metadataChecksums)) !== 0;
  const startOf = (group: number): number => layout.firstDataBlock + group * layout.blocksPerGroup;
  const put = (block: number, count: number, what: Parameters<ExtentCollector['metadata']>[2]): void =>
    collector.metadata(block * layout.blockBytes, (block + count) * layout.blockBytes, what);
  const hasSuper = superblockRule(features, [raw.readUInt32LE(0x24c), raw.readUInt32LE(0x250)]);
  for (let table = 0; table < tableBlocks; table += 1) {
    const firstGroup = table * perBlock;
    // Not after the first data block, which bigalloc counts otherwise.
    const block =
      table < firstMeta
        ? Math.floor(SUPERBLOCK_AT / layout.blockBytes) + 1 + table
        : startOf(firstGroup) + (hasSuper(firstGroup) ? 1 : 0);
    put(block, 1, 'group descriptors');
    const descriptors = bytes.read(block * layout.blockBytes, layout.blockBytes, 'a block of group descriptors');
    for (let group = firstGroup; group < Math.min(groups, firstGroup + perBlock); group += 1) {
      const at = (group - firstGroup) * descriptorBytes;
      const descriptor = descriptors.subarray(at, at + descriptorBytes);
      if (hasSuper(group)) {
        put(startOf(group), 1, 'superblock');
        put(startOf(group) + 1, Math.min(firstMeta, tableBlocks) + reservedBlocks, 'group descriptors');
      }
      layout.groups.push(groupOf(descriptor, layout, countsUnused, put));
    }
  }
}

function groupOf(
  descriptor: Buffer,
  layout: Ext4Layout,
  countsUnused: boolean,
  put: (block: number, count: number, what: 'allocation bitmap') => void,
): Ext4Group {
  const wide = descriptor.length >= 64;
  const block = (low: number, high: number): number =>
    descriptor.readUInt32LE(low) + (wide ? descriptor.readUInt32LE(high) * 2 ** 32 : 0);
  put(block(0x0, 0x20), 1, 'allocation bitmap');
  put(block(0x4, 0x24), 1, 'allocation bitmap');
  const flags = descriptor.readUInt16LE(0x12);
  const unused = descriptor.readUInt16LE(0x1c) + (wide ? descriptor.readUInt16LE(0x32) * 2 ** 16 : 0);
  const written = (flags & INODES_NEVER_USED) !== 0 ? 0 : layout.inodesPerGroup - unused;
  return {
    inodeTableBlock: block(0x8, 0x28),
    inodes: countsUnused ? Math.max(0, written) : layout.inodesPerGroup,
  };
}

/** Which groups start with a copy of the superblock. */
function superblockRule(features: Features, two: readonly number[]): (group: number) => boolean {
  if ((features.compat & COMPAT.sparseSuper2) !== 0) return (group) => group === 0 || two.includes(group);
  if ((features.readOnlyCompat & READ_ONLY_COMPAT.sparseSuper) === 0) return () => true;
  return (group) => group <= 1 || [3, 5, 7].some((base) => isPowerOf(base, group));
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
