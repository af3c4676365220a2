import type { ImageBytes } from '../image-bytes.ts';
import type { ErofsInode } from './inode.ts';
import type { ErofsLayout } from './superblock.ts';

/** What begins in a logical cluster, or that nothing does. */
export type ClusterKind = 'plain' | 'head1' | 'nonhead' | 'head2';

const KINDS: readonly ClusterKind[] = ['plain', 'head1', 'nonhead', 'head2'];

/** What the index says of one logical cluster. */
export interface Cluster {
  kind: ClusterKind;
  /** Heads: where within the logical cluster the extent begins. */
  offset: number;
  /** Heads: the first block in the image. */
  block: number;
  /** The first cluster after a head: how many blocks the extent takes, where it says so. */
  blocks: number | undefined;
}

/** A file's compression header. @see Linux fs/erofs/erofs_fs.h, struct z_erofs_map_header */
export interface ClusterHeader {
  /** Set when the whole file is in the packed inode. */
  wholeFragmentAt: number | undefined;
  /** Where the file's end is in the packed inode, with {@link hasFragment}. */
  fragmentAt: number;
  /** Bytes of the last extent behind the index, with {@link hasInlineTail}. */
  inlineBytes: number;
  algorithms: readonly [head1: number, head2: number];
  clusterBits: number;
  isBig: { head1: boolean; head2: boolean };
  hasInlineTail: boolean;
  isInterlaced: boolean;
  hasFragment: boolean;
  isCompact2B: boolean;
  /** Where the index begins. */
  indexAt: number;
}

const ADVISE = { compact2B: 0x1, big1: 0x2, big2: 0x4, inlineTail: 0x8, interlaced: 0x10, fragment: 0x20 } as const;
const HEADER_BYTES = 8;
const FULL_PADDING_BYTES = 8;
const BLOCK_COUNT_FLAG = 0x800;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** @throws ReleasePlanError `image-corrupt`, `image-unsupported` */
export function readClusterHeader(bytes: ImageBytes, superblock: ErofsLayout, inode: ErofsInode): ClusterHeader {
  const at = roundUp(inode.endByte, 8);
  const raw = bytes.read(at, HEADER_BYTES, 'a compression header');
  const isWhole = (raw.readUInt8(7) & 0x80) !== 0 && superblock.hasFragments;
  const advise = isWhole ? 0 : raw.readUInt16LE(4);
  const has = (bit: number): boolean => (advise & bit) !== 0;
  const algorithms = raw.readUInt8(6);
  const clusterBits = Math.log2(superblock.blockBytes) + (raw.readUInt8(7) & 15);
  if (!isWhole && clusterBits > 20) throw bytes.corrupt(`a file has logical clusters of 2^${clusterBits} bytes`);
  return {
    wholeFragmentAt: isWhole ? Number(raw.readBigUInt64LE(0) & 0x7fff_ffff_ffff_ffffn) : undefined,
    fragmentAt: raw.readUInt32LE(0),
    inlineBytes: raw.readUInt16LE(2),
    algorithms: [algorithms & 15, algorithms >> 4],
    clusterBits,
    isBig: { head1: has(ADVISE.big1), head2: has(ADVISE.big2) },
    hasInlineTail: has(ADVISE.inlineTail),
    isInterlaced: has(ADVISE.interlaced),
    hasFragment: has(ADVISE.fragment),
    isCompact2B: has(ADVISE.compact2B),
    indexAt: at + HEADER_BYTES + (inode.layout === 'compressed-full' ? FULL_PADDING_BYTES : 0),
  };
}

/** The index of a file, and where it ends. */
export interface ClusterIndex {
  clusters: Cluster[];
  endByte: number;
}

/** @throws ReleasePlanError `image-corrupt`, `image-unsupported` */
export function readClusterIndex(bytes: ImageBytes, inode: ErofsInode, header: ClusterHeader): ClusterIndex {
  const count = Math.ceil(inode.image.sizeBytes / 2 ** header.clusterBits);
  // At least two bytes for each, so that a size of exabytes ends here.
  if (2 * count > bytes.sizeBytes)
    throw bytes.corrupt(`a file of ${inode.image.sizeBytes} bytes has no room for its index`);
  bytes.step(count);
  return inode.layout === 'compressed-full' ? readFull(bytes, count, header) : readCompact(bytes, count, header);
}

function readFull(bytes: ImageBytes, count: number, { indexAt }: ClusterHeader): ClusterIndex {
  const raw = bytes.read(indexAt, 8 * count, 'the index of a compressed file');
  const clusters = Array.from({ length: count }, (_, index): Cluster => {
    const at = 8 * index;
    const kind = KINDS[raw.readUInt16LE(at) & 3] ?? 'plain';
    const distance = raw.readUInt16LE(at + 4);
    return kind === 'nonhead'
      ? { kind, offset: 0, block: 0, blocks: blockCountOf(distance) }
      : { kind, offset: raw.readUInt16LE(at + 2), block: raw.readUInt32LE(at + 4), blocks: undefined };
  });
  return { clusters, endByte: indexAt + 8 * count };
}

const blockCountOf = (low: number): number | undefined =>
  (low & BLOCK_COUNT_FLAG) === 0 ? undefined : low & (BLOCK_COUNT_FLAG - 1);

/** Clusters that are packed together, with one block number for all of them. */
interface Pack {
  startByte: number;
  /** How many it has room for, and how many bytes each takes with its share of the block number. */
  room: number;
  each: number;
}

/** First packs of two up to a multiple of 32 bytes, then of sixteen, then of two. @see Linux fs/erofs/zmap.c */
function* packsOf(count: number, { indexAt, isCompact2B }: ClusterHeader): Generator<Pack & { used: number }> {
  const initial = Math.min(count, ((32 - (indexAt % 32)) / 4) % 8);
  const middle = isCompact2B && initial < count ? Math.floor((count - initial) / 16) * 16 : 0;
  let at = indexAt;
  const packs = function* (clusters: number, room: number, each: number): Generator<Pack & { used: number }> {
    for (let left = clusters; left > 0; left -= room) {
      yield { startByte: at, room, each, used: Math.min(left, room) };
      at += room * each;
    }
  };
  yield* packs(initial, 2, 4);
  yield* packs(middle, 16, 2);
  yield* packs(count - initial - middle, 2, 4);
}

function readCompact(bytes: ImageBytes, count: number, header: ClusterHeader): ClusterIndex {
  const { clusterBits, isBig, indexAt } = header;
  if (clusterBits > 14 || (header.isCompact2B && clusterBits > 12))
    throw bytes.corrupt(`a compact index of clusters of 2^${clusterBits} bytes`);
  const lowBits = Math.max(clusterBits, 12);
  const clusters: Cluster[] = [];
  let endByte = indexAt;
  for (const { startByte, room, each, used } of packsOf(count, header)) {
    const packBytes = room * each;
    // Four bytes more: a field is read as a whole word, though its own bits lie within the pack.
    const raw = Buffer.concat([bytes.read(startByte, packBytes, 'the index of a compressed file'), Buffer.alloc(4)]);
    const fieldBits = Math.floor(((packBytes - 4) * 8) / room);
    const fields = Array.from({ length: room }, (_, index) => fieldAt(raw, fieldBits * index, lowBits));
    const base = raw.readUInt32LE(packBytes - 4);
    for (let index = 0; index < used; index += 1) {
      const { kind, low } = fields[index] ?? { kind: 'plain', low: 0 };
      const block = kind === 'nonhead' ? 0 : base + blocksBefore(bytes, fields, index, isBig.head1);
      clusters.push(
        kind === 'nonhead'
          ? { kind, offset: 0, block, blocks: blockCountOf(low) }
          : { kind, offset: low, block, blocks: undefined },
      );
    }
    endByte = startByte + packBytes;
  }
  return { clusters, endByte };
}

interface Field {
  kind: ClusterKind;
  low: number;
}

function fieldAt(raw: Buffer, bit: number, lowBits: number): Field {
  const word = raw.readUInt32LE(bit >> 3) / 2 ** (bit & 7);
  const low = Math.floor(word) % 2 ** lowBits;
  return { low, kind: KINDS[Math.floor(word / 2 ** lowBits) & 3] ?? 'plain' };
}

/**
 * How many blocks the heads before a head take within its pack.
 *
 * @see Linux fs/erofs/zmap.c, z_erofs_load_compact_lcluster
 */
function blocksBefore(bytes: ImageBytes, fields: readonly Field[], head: number, isBig: boolean): number {
  let blocks = isBig ? 0 : 1;
  for (let index = head; index > 0;) {
    index -= 1;
    const { kind, low } = fields[index] ?? { kind: 'plain', low: 0 };
    if (kind !== 'nonhead') {
      blocks += 1;
      continue;
    }
    if (!isBig) {
      index -= low;
      if (index >= 0) blocks += 1;
      continue;
    }
    if ((low & BLOCK_COUNT_FLAG) !== 0) {
      index -= 1;
      blocks += low & (BLOCK_COUNT_FLAG - 1);
      continue;
    }
    if (low <= 1) throw bytes.corrupt('the index of a compressed file is damaged');
    index -= low - 2;
  }
  return blocks;
}
