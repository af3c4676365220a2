import type { ExtentCollector } from '../extents.ts';
import type { ImageBytes } from '../image-bytes.ts';

/** Blocks of a file that lie one after the other in the image. */
export interface Run {
  /** The first block within the file. */
  logicalBlock: number;
  /** The first block within the image. */
  block: number;
  blocks: number;
  /** Reads as zeros whatever lies there: preallocated, never written. */
  isUnwritten: boolean;
}

const EXTENTS_FLAG = 0x80000;
const EXTENT_MAGIC = 0xf30a;
const EXTENT_BYTES = 12;
const DEEPEST_TREE = 5;
const UNWRITTEN_ABOVE = 32768;

/** What reading a file's block map needs to know. */
export interface BlockMapContext {
  bytes: ImageBytes;
  collector: ExtentCollector;
  blockBytes: number;
}

/**
 * The runs of a file, ascending; blocks that hold the map itself are handed in as metadata.
 *
 * @param iBlock the 60 bytes of the inode that begin the map
 * @throws ReleasePlanError `image-corrupt`
 * @see Linux Documentation/filesystems/ext4/ifork.rst
 */
export function readRuns(context: BlockMapContext, iBlock: Buffer, flags: number, fileBlocks: number): Run[] {
  const runs: Run[] = [];
  if ((flags & EXTENTS_FLAG) !== 0) readExtentNode(context, iBlock, runs);
  else readIndirect(context, iBlock, runs, fileBlocks);
  return runs;
}

function readExtentNode(context: BlockMapContext, node: Buffer, runs: Run[], depthAbove?: number): void {
  const entries = node.readUInt16LE(2);
  const depth = node.readUInt16LE(6);
  if (node.readUInt16LE(0) !== EXTENT_MAGIC || (entries + 1) * EXTENT_BYTES > node.length)
    throw context.bytes.corrupt('a node of an extent tree is damaged');
  if (depthAbove === undefined ? depth > DEEPEST_TREE : depth !== depthAbove - 1)
    throw context.bytes.corrupt(`a node of an extent tree says that it is at depth ${depth}`);
  for (let index = 1; index <= entries; index += 1) {
    const at = index * EXTENT_BYTES;
    const high = node.readUInt16LE(depth === 0 ? at + 6 : at + 8) * 2 ** 32;
    const block = high + node.readUInt32LE(depth === 0 ? at + 8 : at + 4);
    context.bytes.step();
    if (depth > 0) {
      readExtentNode(context, readMapBlock(context, block), runs, depth);
      continue;
    }
    const length = node.readUInt16LE(at + 4);
    const isUnwritten = length > UNWRITTEN_ABOVE;
    const blocks = isUnwritten ? length - UNWRITTEN_ABOVE : length;
    runs.push({ logicalBlock: node.readUInt32LE(at), block, blocks, isUnwritten });
  }
}

/** The map of ext2 and ext3: twelve blocks, then blocks of blocks, up to three levels of them. */
function readIndirect(context: BlockMapContext, iBlock: Buffer, runs: Run[], fileBlocks: number): void {
  const { bytes, blockBytes } = context;
  const perBlock = blockBytes / 4;
  let logicalBlock = 0;
  const isDone = (): boolean => logicalBlock >= fileBlocks;
  const add = (block: number): void => {
    const last = runs.at(-1);
    if (block !== 0) {
      if (last !== undefined && last.logicalBlock + last.blocks === logicalBlock && last.block + last.blocks === block)
        last.blocks += 1;
      else runs.push({ logicalBlock, block, blocks: 1, isUnwritten: false });
    }
    logicalBlock += 1;
  };
  const descend = (block: number, level: number): void => {
    bytes.step();
    if (isDone()) return;
    if (level === 0) return add(block);
    if (block === 0) {
      logicalBlock += perBlock ** level;
      return;
    }
    const map = readMapBlock(context, block);
    for (let at = 0; at < blockBytes; at += 4) descend(map.readUInt32LE(at), level - 1);
  };
  for (let index = 0; index < 15; index += 1) descend(iBlock.readUInt32LE(4 * index), Math.max(0, index - 11));
}

function readMapBlock({ bytes, collector, blockBytes }: BlockMapContext, block: number): Buffer {
  collector.metadata(block * blockBytes, (block + 1) * blockBytes, 'block map');
  return bytes.read(block * blockBytes, blockBytes, "a block of a file's block map");
}
