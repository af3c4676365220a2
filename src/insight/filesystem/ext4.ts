import { ExtentCollector } from './extents.ts';
import type { ImageBytes } from './image-bytes.ts';
import type { ImageMap, Piece } from './image-map.ts';
import type { MetadataKind, Owner } from './owner.ts';
import { ImageTree, ROOT } from './image-tree.ts';
import { readRuns, type BlockMapContext, type Run } from './ext4/block-map.ts';
import { decodeInode, isInline, type Ext4Inode } from './ext4/inode.ts';
import { readLayout, type Ext4Layout } from './ext4/layout.ts';

const ROOT_INODE = 2;
const RESIZE_INODE = 7;

/** Inodes below this are the file system's own, but for the root. */
const FIRST_USERS_INODE = 11;

type PlainPiece = Piece & { kind: 'plain' };

/** A file's inode and where its content lies. */
interface Mapped {
  raw: Ext4Inode;
  runs: Run[];
}

/**
 * Maps an ext2, ext3 or ext4 image: inode tables, block maps and folders are read, file contents are not.
 *
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported`
 * @see Linux Documentation/filesystems/ext4
 */
export function mapExt4(bytes: ImageBytes): ImageMap {
  const collector = new ExtentCollector(bytes);
  const layout = readLayout(bytes, collector);
  const tree = new ImageTree(bytes);
  const context: BlockMapContext = { bytes, collector, blockBytes: layout.blockBytes };
  const mapped: Mapped[] = [];
  /** Number on disk -> number in the tree. */
  const numbers = new Map<number, number>();
  for (const { number, raw, startByte } of inodesOf(bytes, layout, collector)) {
    const inode = tree.addInode(raw.image);
    numbers.set(number, inode);
    addInode(collector, { inode, raw, startByte, endByte: startByte + layout.inodeBytes });
    const runs = hasBlocks(raw) ? readRuns(context, raw.iBlock, raw.flags, fileBlocks(raw, layout)) : [];
    mapped.push({ raw, runs });
    addRuns(collector, layout, { number, inode, raw, runs });
  }
  const pieces = (inode: number): Iterable<Piece> => piecesOf(mapped[inode], layout.blockBytes);
  readFolders({ bytes, tree, layout, numbers, pieces });
  for (const inode of tree.inodes.keys())
    if (tree.inodes[inode]?.kind === 'link') tree.setLinkTarget(inode, readAll(bytes, pieces(inode)).toString('utf8'));
  return { filesystem: 'ext4', tree, extents: collector.finish(), pieces };
}

/** An inode is metadata, but for the content of a file that stands in it. */
function addInode(
  collector: ExtentCollector,
  { inode, raw, startByte, endByte }: { inode: number; raw: Ext4Inode; startByte: number; endByte: number },
): void {
  const table: Owner = { kind: 'metadata', what: 'inode table', inodes: [inode] };
  let at = startByte;
  for (const piece of raw.image.kind === 'file' && isInline(raw) ? inlinePieces(raw) : []) {
    collector.add(at, piece.startByte, table);
    collector.add(piece.startByte, piece.startByte + piece.lengthBytes, { kind: 'file', inode });
    at = piece.startByte + piece.lengthBytes;
  }
  collector.add(at, endByte, table);
}

interface NumberedInode {
  /** As folders name it. */
  number: number;
  raw: Ext4Inode;
  startByte: number;
}

function* inodesOf(bytes: ImageBytes, layout: Ext4Layout, collector: ExtentCollector): Generator<NumberedInode> {
  for (const [group, { inodeTableBlock, inodes }] of layout.groups.entries()) {
    const tableAt = inodeTableBlock * layout.blockBytes;
    const table = bytes.read(tableAt, inodes * layout.inodeBytes, `the inode table of group ${group}`);
    let unusedAt = tableAt;
    for (let index = 0; index < inodes; index += 1) {
      const startByte = tableAt + index * layout.inodeBytes;
      const raw = decodeInode(table.subarray(startByte - tableAt, startByte - tableAt + layout.inodeBytes), startByte);
      bytes.step();
      if (raw === undefined) continue;
      collector.metadata(unusedAt, startByte, 'inode table');
      unusedAt = startByte + layout.inodeBytes;
      yield { number: group * layout.inodesPerGroup + index + 1, raw, startByte };
    }
    collector.metadata(unusedAt, tableAt + layout.inodesPerGroup * layout.inodeBytes, 'inode table');
  }
}

const fileBlocks = (raw: Ext4Inode, layout: Ext4Layout): number => Math.ceil(raw.image.sizeBytes / layout.blockBytes);

/** A link of less than 60 bytes stands in the inode; devices and pipes have no content. */
function hasBlocks(raw: Ext4Inode): boolean {
  const { kind, sizeBytes } = raw.image;
  return kind !== 'other' && !isInline(raw) && !(kind === 'link' && sizeBytes < 60);
}

function addRuns(
  collector: ExtentCollector,
  layout: Ext4Layout,
  { number, inode, raw, runs }: { number: number; inode: number; raw: Ext4Inode; runs: readonly Run[] },
): void {
  const { blockBytes } = layout;
  const what = metadataOf(number, raw, layout);
  for (const { block, blocks } of runs)
    collector.add(
      block * blockBytes,
      (block + blocks) * blockBytes,
      what === undefined
        ? { kind: 'file', inode }
        : { kind: 'metadata', what, inodes: what === 'directory' ? [inode] : [] },
    );
  if (raw.attributeBlock !== 0)
    collector.metadata(raw.attributeBlock * blockBytes, (raw.attributeBlock + 1) * blockBytes, 'extended attributes');
}

/** What the content of an inode is for, when it is no file's. */
function metadataOf(number: number, raw: Ext4Inode, layout: Ext4Layout): MetadataKind | undefined {
  if (number === layout.journalInode) return 'journal';
  if (number === RESIZE_INODE) return 'group descriptors';
  if (raw.image.kind === 'folder') return 'directory';
  return number < FIRST_USERS_INODE ? 'lookup table' : undefined;
}

function* piecesOf(mapped: Mapped | undefined, blockBytes: number): Generator<Piece, void, undefined> {
  if (mapped === undefined) return;
  const { raw, runs } = mapped;
  const { sizeBytes } = raw.image;
  if (!hasBlocks(raw)) return yield* inlinePieces(raw);
  let at = 0;
  for (const { logicalBlock, block, blocks, isUnwritten } of runs) {
    const start = logicalBlock * blockBytes;
    if (start >= sizeBytes || start < at) break;
    if (start > at) yield { kind: 'zeros', lengthBytes: start - at };
    const lengthBytes = Math.min(blocks * blockBytes, sizeBytes - start);
    yield isUnwritten ? { kind: 'zeros', lengthBytes } : { kind: 'plain', startByte: block * blockBytes, lengthBytes };
    at = start + lengthBytes;
  }
  if (at < sizeBytes) yield { kind: 'zeros', lengthBytes: sizeBytes - at };
}

/** Content that stands in the inode: in place of the block map, and behind it. */
function* inlinePieces({ image, iBlock, iBlockAt, inlineRest }: Ext4Inode): Generator<PlainPiece, void, undefined> {
  const inHead = Math.min(image.sizeBytes, iBlock.length);
  if (image.kind === 'other' || inHead === 0) return;
  yield { kind: 'plain', startByte: iBlockAt, lengthBytes: inHead };
  const rest = Math.min(image.sizeBytes - inHead, inlineRest?.lengthBytes ?? 0);
  if (inlineRest !== undefined && rest > 0) yield { kind: 'plain', startByte: inlineRest.startByte, lengthBytes: rest };
}

/** Holes stand for nothing here: a folder has none, a link neither. */
function readAll(bytes: ImageBytes, pieces: Iterable<Piece>): Buffer {
  const parts: Buffer[] = [];
  for (const piece of pieces)
    if (piece.kind === 'plain') parts.push(bytes.read(piece.startByte, piece.lengthBytes, 'a folder or a link'));
  return Buffer.concat(parts);
}

interface Folders {
  bytes: ImageBytes;
  tree: ImageTree;
  layout: Ext4Layout;
  numbers: ReadonlyMap<number, number>;
  pieces: (inode: number) => Iterable<Piece>;
}

function readFolders({ bytes, tree, layout, numbers, pieces }: Folders): void {
  const root = numbers.get(ROOT_INODE);
  if (root === undefined || tree.inodes[root]?.kind !== 'folder') throw bytes.corrupt('it has no root folder');
  tree.setRoot(root);
  const waiting = [ROOT];
  const seen = new Set([root]);
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const content = readAll(bytes, pieces(tree.inodeOf(folder)));
    for (const { number, name } of namesIn(bytes, content, layout.hasFileTypes)) {
      const inode = numbers.get(number);
      if (inode === undefined) throw bytes.corrupt(`the entry ${JSON.stringify(name)} leads to an unused inode`);
      const entry = tree.add(folder, name, inode);
      if (tree.inodes[inode]?.kind !== 'folder') continue;
      if (seen.has(inode)) throw bytes.corrupt(`the folder ${tree.pathOf(entry)} is in two places`);
      seen.add(inode);
      waiting.push(entry);
    }
  }
}

/**
 * Blocks of a hashed folder's index look like empty entries.
 *
 * @see Linux Documentation/filesystems/ext4/directory.rst
 */
function* namesIn(
  bytes: ImageBytes,
  content: Buffer,
  hasFileTypes: boolean,
): Generator<{ number: number; name: string }, void, undefined> {
  // An inline folder begins with its parent's number alone.
  const isInlineFolder = content.length > 0 && content.length < 1024;
  for (let at = isInlineFolder ? 4 : 0; at + 8 <= content.length;) {
    const number = content.readUInt32LE(at);
    const entryBytes = content.readUInt16LE(at + 4);
    const nameBytes = hasFileTypes ? content.readUInt8(at + 6) : content.readUInt16LE(at + 6);
    bytes.step();
    // 64 KiB blocks: their length does not fit 16 bits.
    const lengthBytes = entryBytes === 0 || entryBytes === 65535 ? 65536 : entryBytes;
    if (lengthBytes < 8 || at + 8 + nameBytes > content.length) throw bytes.corrupt('a folder is damaged');
    const name = content.toString('utf8', at + 8, at + 8 + nameBytes);
    if (number !== 0 && name !== '.' && name !== '..') yield { number, name };
    at += lengthBytes;
  }
}
