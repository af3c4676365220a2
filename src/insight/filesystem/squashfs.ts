import { ExtentCollector } from './extents.ts';
import type { ImageBytes } from './image-bytes.ts';
import type { ImageMap, PackedBlock, Piece } from './image-map.ts';
import { ImageTree, ROOT } from './image-tree.ts';
import { readFragments, type Fragment } from './squashfs/fragments.ts';
import { readInodes, type PlacedInode } from './squashfs/inode.ts';
import { readListedTable, readTable, type MetadataTable, type TableItem } from './squashfs/metadata.ts';
import { readSuperblock, SUPERBLOCK_BYTES, type SquashfsLayout } from './squashfs/superblock.ts';

const STORED_PLAIN_BIT = 0x1000000;
const STORED_SIZE_MASK = STORED_PLAIN_BIT - 1;

/**
 * Maps a squashfs 4.0: its tables are read, file contents are not. Needs the programs zstd or xz for images that are
 * compressed so.
 *
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported`, `tool-missing`; AbortError
 * @see Linux Documentation/filesystems/squashfs.rst
 */
export async function mapSquashfs(bytes: ImageBytes, signal?: AbortSignal): Promise<ImageMap> {
  const layout = readSuperblock(bytes);
  const collector = new ExtentCollector(bytes);
  collector.metadata(0, SUPERBLOCK_BYTES, 'superblock');
  const { ids, tableAt: idsAt } = await readIds(bytes, layout, collector, signal);
  const { codec } = layout;
  const inodeTable = await readTable(
    bytes,
    { what: 'the inode table', startByte: layout.inodeTableAt, endByte: layout.directoryTableAt, codec },
    signal,
  );
  const { directoryEnd, fragmentEntries } = await collectLookups(bytes, layout, idsAt, collector, signal);
  const directoryTable = await readTable(
    bytes,
    { what: 'the directory table', startByte: layout.directoryTableAt, endByte: directoryEnd, codec },
    signal,
  );
  const tree = new ImageTree(bytes);
  const context = { bytes, blockBytes: layout.blockBytes, ids };
  const inodes = [...readInodes(context, inodeTable.content, layout.inodes)];
  for (const { image, linkTarget } of inodes) {
    const inode = tree.addInode(image);
    if (linkTarget !== undefined) tree.setLinkTarget(inode, linkTarget);
  }
  const fragments = readFragments(bytes, fragmentEntries, inodes, layout);
  collectFiles(collector, inodes, fragments);
  inodeTable.collect(
    collector,
    'inode table',
    inodes.map(({ start, end }, inode) => ({ start, end, inode })),
  );
  const listings = readFolders({ bytes, layout, tree, inodes, inodeTable, directoryTable });
  directoryTable.collect(collector, 'directory', listings);
  return {
    filesystem: 'squashfs',
    tree,
    extents: collector.finish(),
    pieces: (inode) => piecesOf(bytes, inodes[inode], layout, fragments),
  };
}

async function readIds(
  bytes: ImageBytes,
  { ids, idListAt, codec }: SquashfsLayout,
  collector: ExtentCollector,
  signal?: AbortSignal,
): Promise<{ ids: number[]; tableAt: number }> {
  const request = { listAt: idListAt, sizeBytes: 4 * ids, codec, what: 'the table of ids' };
  const table = await readListedTable(bytes, request, signal);
  table.collect(collector, 'lookup table');
  collector.metadata(idListAt, idListAt + table.listBytes, 'lookup table');
  return {
    ids: Array.from({ length: ids }, (_, index) => table.content.readUInt32LE(4 * index)),
    tableAt: table.startByte,
  };
}

/** Hands in the tables that are behind the directory table, and finds where that one ends. */
async function collectLookups(
  bytes: ImageBytes,
  layout: SquashfsLayout,
  idsAt: number,
  collector: ExtentCollector,
  signal?: AbortSignal,
): Promise<{ directoryEnd: number; fragmentEntries: Buffer }> {
  const { codec, directoryTableAt } = layout;
  const followers = [layout.idListAt, idsAt];
  let fragmentEntries: Buffer = Buffer.alloc(0);
  const addListed = async (listAt: number, sizeBytes: number, what: 'fragment table' | 'lookup table') => {
    const table = await readListedTable(bytes, { listAt, sizeBytes, codec, what: `the ${what}` }, signal);
    table.collect(collector, what);
    collector.metadata(listAt, listAt + table.listBytes, what);
    followers.push(listAt, table.startByte);
    return table.content;
  };
  if (layout.fragmentListAt !== undefined && layout.fragments > 0)
    fragmentEntries = await addListed(layout.fragmentListAt, 16 * layout.fragments, 'fragment table');
  if (layout.exportListAt !== undefined) await addListed(layout.exportListAt, 8 * layout.inodes, 'lookup table');
  if (layout.attributeListAt !== undefined) {
    const attributesAt = Number(bytes.read(layout.attributeListAt, 16, 'the attribute table').readBigUInt64LE(0));
    collector.metadata(attributesAt, layout.usedBytes, 'extended attributes');
    followers.push(attributesAt);
  }
  return { directoryEnd: Math.min(...followers.filter((at) => at > directoryTableAt)), fragmentEntries };
}

function collectFiles(
  collector: ExtentCollector,
  inodes: readonly PlacedInode[],
  fragments: readonly Fragment[],
): void {
  for (const [inode, { file }] of inodes.entries()) {
    if (file === undefined) continue;
    const storedBytes = file.sizes.reduce((sum, size) => sum + (size & STORED_SIZE_MASK), 0);
    collector.add(file.startByte, file.startByte + storedBytes, { kind: 'file', inode });
  }
  for (const { startByte, storedBytes, isPlain, tails } of fragments) {
    if (isPlain)
      for (const { inode, offset, lengthBytes } of tails)
        collector.add(startByte + offset, startByte + offset + lengthBytes, { kind: 'file', inode });
    else if (tails.length > 0)
      collector.add(startByte, startByte + storedBytes, {
        kind: 'shared',
        parts: tails.map(({ inode, lengthBytes }) => ({ inode, weight: lengthBytes })),
      });
  }
}

function* piecesOf(
  bytes: ImageBytes,
  inode: PlacedInode | undefined,
  { blockBytes, codec }: SquashfsLayout,
  fragments: readonly Fragment[],
): Generator<Piece, void, undefined> {
  if (inode?.file === undefined) return;
  const { startByte, sizes, fragment } = inode.file;
  let leftBytes = inode.image.sizeBytes;
  let at = startByte;
  for (const size of sizes) {
    const storedBytes = size & STORED_SIZE_MASK;
    const lengthBytes = Math.min(blockBytes, leftBytes);
    leftBytes -= lengthBytes;
    if (storedBytes === 0) yield { kind: 'zeros', lengthBytes };
    else if ((size & STORED_PLAIN_BIT) !== 0) yield { kind: 'plain', startByte: at, lengthBytes };
    else {
      const block: PackedBlock = { startByte: at, storedBytes, outBytes: lengthBytes, codec };
      yield { kind: 'packed', block, fromByte: 0, lengthBytes };
    }
    at += storedBytes;
  }
  if (fragment === undefined || leftBytes === 0) return;
  const held = fragments[fragment.index];
  if (held === undefined) throw bytes.corrupt('a file has its end in a fragment that is not there');
  if (held.isPlain) yield { kind: 'plain', startByte: held.startByte + fragment.offset, lengthBytes: leftBytes };
  else yield { kind: 'packed', block: { ...held, codec }, fromByte: fragment.offset, lengthBytes: leftBytes };
}

interface Folders {
  bytes: ImageBytes;
  layout: SquashfsLayout;
  tree: ImageTree;
  inodes: readonly PlacedInode[];
  inodeTable: MetadataTable;
  directoryTable: MetadataTable;
}

/** Names every inode; gives where each folder's listing is, ascending. */
function readFolders({ bytes, layout, tree, inodes, inodeTable, directoryTable }: Folders): TableItem[] {
  const inodeAt = new Map(inodes.map(({ start }, inode) => [start, inode]));
  const inodeOf = (block: number, offset: number): number => {
    const inode = inodeAt.get(inodeTable.positionOf(block, offset) ?? -1);
    if (inode === undefined) throw bytes.corrupt('a folder refers to an inode that is not there');
    return inode;
  };
  const root = inodeOf(layout.root.block, layout.root.offset);
  if (inodes[root]?.listing === undefined) throw bytes.corrupt('it has no root folder');
  tree.setRoot(root);
  const listings: TableItem[] = [];
  const waiting = [ROOT];
  const seen = new Set([root]);
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const inode = tree.inodeOf(folder);
    const listing = inodes[inode]?.listing;
    if (listing === undefined || listing.lengthBytes === 0) continue;
    const start = directoryTable.positionOf(listing.block, listing.offset) ?? Infinity;
    const end = start + listing.lengthBytes;
    if (end > directoryTable.content.length) throw bytes.corrupt('a folder goes beyond the directory table');
    listings.push({ start, end, inode });
    for (const { name, block, offset } of namesIn(bytes, directoryTable.content.subarray(start, end))) {
      const child = inodeOf(block, offset);
      const entry = tree.add(folder, name, child);
      if (inodes[child]?.listing === undefined) continue;
      if (seen.has(child)) throw bytes.corrupt(`the folder ${tree.pathOf(entry)} is in two places`);
      seen.add(child);
      waiting.push(entry);
    }
  }
  return listings.sort((a, b) => a.start - b.start);
}

/** @see Linux fs/squashfs/squashfs_fs.h, struct squashfs_dir_header and squashfs_dir_entry */
function* namesIn(
  bytes: ImageBytes,
  listing: Buffer,
): Generator<{ name: string; block: number; offset: number }, void, undefined> {
  for (let at = 0; at + 12 <= listing.length;) {
    const count = listing.readUInt32LE(at) + 1;
    const block = listing.readUInt32LE(at + 4);
    at += 12;
    for (let index = 0; index < count; index += 1) {
      bytes.step();
      if (at + 8 > listing.length) throw bytes.corrupt('a folder is damaged');
      const nameBytes = listing.readUInt16LE(at + 6) + 1;
      if (at + 8 + nameBytes > listing.length) throw bytes.corrupt('a folder is damaged');
      yield { name: listing.toString('utf8', at + 8, at + 8 + nameBytes), block, offset: listing.readUInt16LE(at) };
      at += 8 + nameBytes;
    }
  }
}
