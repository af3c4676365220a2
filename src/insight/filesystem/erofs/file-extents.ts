import type { ImageBytes } from '../image-bytes.ts';
import type { Codec } from '../image-map.ts';
import { readClusterHeader, readClusterIndex, type Cluster, type ClusterHeader } from './cluster-index.ts';
import type { ErofsInode } from './inode.ts';
import type { ErofsLayout } from './superblock.ts';

/** How the bytes of an extent stand in the image. */
export type ExtentForm =
  | { kind: 'plain' }
  /** The extent's place within a block is kept: what does not fit behind it stands at the block's start. */
  | { kind: 'interlaced' }
  | { kind: 'packed'; codec: Codec }
  | { kind: 'hole' }
  /** `startByte` is a place within the packed inode. */
  | { kind: 'fragment' };

/** A part of a file's content and where it is. */
export interface FileExtent {
  fileByte: number;
  lengthBytes: number;
  startByte: number;
  storedBytes: number;
  form: ExtentForm;
}

/** The extents of a file, ascending, and where what describes it ends. */
export interface FileExtents {
  extents: FileExtent[];
  endByte: number;
}

const CODECS: Readonly<Record<number, Codec>> = { 0: 'lz4', 2: 'deflate', 3: 'zstd' };

/** @throws ReleasePlanError `image-corrupt`, `image-unsupported` */
export function readFileExtents(bytes: ImageBytes, superblock: ErofsLayout, inode: ErofsInode): FileExtents {
  const { image, layout, data, endByte } = inode;
  if (image.kind === 'other' || image.sizeBytes === 0) return { extents: [], endByte };
  const { blockBytes } = superblock;
  switch (layout) {
    case 'plain':
      return { extents: [plain(0, image.sizeBytes, data * blockBytes)], endByte };
    case 'inline': {
      const inBlocks = (Math.ceil(image.sizeBytes / blockBytes) - 1) * blockBytes;
      const tail = plain(inBlocks, image.sizeBytes - inBlocks, endByte);
      return { extents: inBlocks === 0 ? [tail] : [plain(0, inBlocks, data * blockBytes), tail], endByte };
    }
    case 'chunks':
      return readChunks(bytes, superblock, inode);
    case 'compressed-full':
    case 'compressed-compact':
      return readCompressed(bytes, superblock, inode);
  }
}

const plain = (fileByte: number, lengthBytes: number, startByte: number): FileExtent => ({
  fileByte,
  lengthBytes,
  startByte,
  storedBytes: lengthBytes,
  form: { kind: 'plain' },
});

const CHUNK_BITS_MASK = 0x1f;
const CHUNK_INDEXES = 0x20;
const NO_BLOCK = 0xffffffff;

/** @see Linux fs/erofs/erofs_fs.h, struct erofs_inode_chunk_info and erofs_inode_chunk_index */
function readChunks(bytes: ImageBytes, { blockBytes }: ErofsLayout, { image, data, endByte }: ErofsInode): FileExtents {
  const chunkBytes = blockBytes * 2 ** (data & CHUNK_BITS_MASK);
  const count = Math.ceil(image.sizeBytes / chunkBytes);
  const each = (data & CHUNK_INDEXES) === 0 ? 4 : 8;
  const listAt = Math.ceil(endByte / each) * each;
  const list = bytes.read(listAt, each * count, 'the chunks of a file');
  bytes.step(count);
  const extents: FileExtent[] = [];
  for (let index = 0; index < count; index += 1) {
    const block = list.readUInt32LE(each * index + each - 4);
    const device = each === 8 ? list.readUInt16LE(each * index + 2) : 0;
    if (device !== 0) throw bytes.unsupported('a file on another device');
    const fileByte = index * chunkBytes;
    const extent = plain(fileByte, Math.min(chunkBytes, image.sizeBytes - fileByte), block * blockBytes);
    extents.push(block === NO_BLOCK ? { ...extent, storedBytes: 0, form: { kind: 'hole' } } : extent);
  }
  return { extents, endByte: listAt + each * count };
}

function readCompressed(bytes: ImageBytes, superblock: ErofsLayout, inode: ErofsInode): FileExtents {
  const header = readClusterHeader(bytes, superblock, inode);
  const { sizeBytes } = inode.image;
  if (header.wholeFragmentAt !== undefined)
    return { extents: [fragment(0, sizeBytes, header.wholeFragmentAt)], endByte: header.indexAt };
  const { clusters, endByte } = readClusterIndex(bytes, inode, header);
  const extents: FileExtent[] = [];
  let endOfNext = sizeBytes;
  let isLast = true;
  for (let index = clusters.length - 1; index >= 0; index -= 1) {
    const cluster = clusters[index];
    if (cluster === undefined || cluster.kind === 'nonhead') continue;
    const fileByte = index * 2 ** header.clusterBits + cluster.offset;
    // The last entry may only say where the file ends within its cluster.
    if (fileByte >= sizeBytes) continue;
    const lengthBytes = endOfNext - fileByte;
    if (lengthBytes < 0) throw bytes.corrupt('the index of a compressed file is damaged');
    endOfNext = fileByte;
    const form = formOf(header, cluster);
    if (isLast && header.hasInlineTail)
      extents.push({ fileByte, lengthBytes, startByte: endByte, storedBytes: header.inlineBytes, form });
    else if (isLast && header.hasFragment) extents.push(fragment(fileByte, lengthBytes, header.fragmentAt));
    else {
      const storedBytes = blocksOf(header, cluster, clusters[index + 1]) * superblock.blockBytes;
      extents.push({ fileByte, lengthBytes, startByte: cluster.block * superblock.blockBytes, storedBytes, form });
    }
    isLast = false;
  }
  extents.reverse();
  if (extents[0]?.fileByte !== 0) throw bytes.corrupt('the index of a compressed file does not begin with its start');
  return { extents, endByte };
}

const fragment = (fileByte: number, lengthBytes: number, startByte: number): FileExtent => ({
  fileByte,
  lengthBytes,
  startByte,
  storedBytes: 0,
  form: { kind: 'fragment' },
});

function formOf({ algorithms, isInterlaced }: ClusterHeader, { kind }: Cluster): ExtentForm {
  if (kind === 'plain') return { kind: isInterlaced ? 'interlaced' : 'plain' };
  return { kind: 'packed', codec: CODECS[algorithms[kind === 'head2' ? 1 : 0]] ?? 'unknown' };
}

/** One block, but for pclusters of several, whose count stands in the cluster after their head. */
function blocksOf({ isBig }: ClusterHeader, { kind }: Cluster, next: Cluster | undefined): number {
  const isLarge = kind === 'head1' ? isBig.head1 : isBig.head2;
  return isLarge && next?.kind === 'nonhead' ? Math.max(1, next.blocks ?? 1) : 1;
}
