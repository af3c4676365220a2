import { ExtentCollector } from './extents.ts';
import type { ImageBytes } from './image-bytes.ts';
import type { ImageMap, Piece } from './image-map.ts';
import type { Owner } from './owner.ts';
import { ImageTree, ROOT } from './image-tree.ts';
import { readFileExtents, type FileExtent, type FileExtents } from './erofs/file-extents.ts';
import { readInode, type ErofsInode } from './erofs/inode.ts';
import { readSuperblock, SUPERBLOCK_END, type ErofsLayout } from './erofs/superblock.ts';

/** A file as it was found. */
interface Mapped extends FileExtents {
  inode: ErofsInode;
}

/** What mapping one image needs at hand. */
interface Context {
  bytes: ImageBytes;
  superblock: ErofsLayout;
  collector: ExtentCollector;
  tree: ImageTree;
  /** By inode of the tree. */
  mapped: Mapped[];
}

/**
 * Maps an erofs: inodes, indexes of compressed files and folders are read, file contents are not.
 *
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported`
 * @see Linux Documentation/filesystems/erofs.rst
 */
export function mapErofs(bytes: ImageBytes): ImageMap {
  const superblock = readSuperblock(bytes);
  const collector = new ExtentCollector(bytes);
  const context: Context = { bytes, superblock, collector, tree: new ImageTree(bytes), mapped: [] };
  collector.metadata(0, SUPERBLOCK_END, 'superblock');
  readFolders(context);
  const packed =
    superblock.hasFragments && superblock.packedNid !== 0 ? mapInode(context, superblock.packedNid).extents : [];
  collectFiles(context, packed);
  if (superblock.sharedAttributesAt > 0)
    collector.metadata(
      superblock.sharedAttributesAt,
      superblock.sharedAttributesAt + superblock.blockBytes,
      'extended attributes',
    );
  return {
    filesystem: 'erofs',
    tree: context.tree,
    extents: collector.finish(),
    pieces: (inode) => piecesOf(context, packed, inode),
  };
}

function mapInode({ bytes, superblock }: Context, nid: number): Mapped {
  const inode = readInode(bytes, superblock, nid);
  return { inode, ...readFileExtents(bytes, superblock, inode) };
}

function readFolders(context: Context): void {
  const { bytes, superblock, tree, mapped } = context;
  const numbers = new Map<number, number>();
  const add = (nid: number): number => {
    const found = mapInode(context, nid);
    const inode = tree.addInode(found.inode.image);
    mapped[inode] = found;
    numbers.set(nid, inode);
    if (found.inode.image.kind === 'link') tree.setLinkTarget(inode, readPlain(bytes, found.extents).toString('utf8'));
    return inode;
  };
  tree.setRoot(add(superblock.rootNid));
  if (mapped[0]?.inode.image.kind !== 'folder') throw bytes.corrupt('it has no root folder');
  const waiting = [ROOT];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const content = readPlain(bytes, mapped[tree.inodeOf(folder)]?.extents ?? []);
    for (const { nid, name } of namesIn(bytes, content, superblock.blockBytes)) {
      const known = numbers.get(nid);
      const inode = known ?? add(nid);
      const entry = tree.add(folder, name, inode);
      if (tree.inodes[inode]?.kind !== 'folder') continue;
      if (known !== undefined) throw bytes.corrupt(`the folder ${tree.pathOf(entry)} is in two places`);
      waiting.push(entry);
    }
  }
}

/** The content of a folder or a link, which are not compressed. */
function readPlain(bytes: ImageBytes, extents: readonly FileExtent[]): Buffer {
  return Buffer.concat(
    extents.map(({ form, startByte, lengthBytes }) => {
      if (form.kind !== 'plain') throw bytes.unsupported('a compressed folder');
      return bytes.read(startByte, lengthBytes, 'a folder or a link');
    }),
  );
}

const DIRENT_BYTES = 12;

/** @see Linux fs/erofs/erofs_fs.h, struct erofs_dirent */
function* namesIn(
  bytes: ImageBytes,
  content: Buffer,
  blockBytes: number,
): Generator<{ nid: number; name: string }, void, undefined> {
  for (let start = 0; start < content.length; start += blockBytes) {
    const block = content.subarray(start, start + blockBytes);
    if (block.length < DIRENT_BYTES) throw bytes.corrupt('a folder is damaged');
    const namesAt = block.readUInt16LE(8);
    if (namesAt < DIRENT_BYTES || namesAt > block.length || namesAt % DIRENT_BYTES !== 0)
      throw bytes.corrupt('a folder is damaged');
    for (let at = 0; at < namesAt; at += DIRENT_BYTES) {
      bytes.step();
      const nameAt = block.readUInt16LE(at + 8);
      const nextAt = at + DIRENT_BYTES < namesAt ? block.readUInt16LE(at + DIRENT_BYTES + 8) : block.length;
      if (nameAt < namesAt || nextAt < nameAt || nextAt > block.length) throw bytes.corrupt('a folder is damaged');
      const name = block.toString('utf8', nameAt, nextAt).replace(/\0.*$/s, '');
      if (name !== '.' && name !== '..') yield { nid: Number(block.readBigUInt64LE(at)), name };
    }
  }
}

/** Hands in inodes, folders and files; what the packed inode holds is shared by those whose ends are there. */
function collectFiles({ collector, mapped }: Context, packed: readonly FileExtent[]): void {
  const shares = packed.map((): Array<{ inode: number; weight: number }> => []);
  for (const [inode, { inode: raw, extents, endByte }] of mapped.entries()) {
    collector.add(raw.startByte, endByte, { kind: 'metadata', what: 'inode table', inodes: [inode] });
    const owner: Owner =
      raw.image.kind === 'folder' ? { kind: 'metadata', what: 'directory', inodes: [inode] } : { kind: 'file', inode };
    for (const { form, startByte, storedBytes, lengthBytes } of extents) {
      if (form.kind === 'fragment')
        for (const { index, weight } of overlaps(packed, startByte, lengthBytes))
          shares[index]?.push({ inode, weight });
      else collector.add(startByte, startByte + storedBytes, owner);
    }
  }
  for (const [index, { startByte, storedBytes }] of packed.entries()) {
    const parts = shares[index] ?? [];
    if (parts.length > 0) collector.add(startByte, startByte + storedBytes, { kind: 'shared', parts });
  }
}

/** Which extents of the packed inode a range of it touches, and how many of its bytes are in each. */
function* overlaps(
  packed: readonly FileExtent[],
  startByte: number,
  lengthBytes: number,
): Generator<{ index: number; from: number; weight: number }, void, undefined> {
  let low = 0;
  let high = packed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = packed[middle];
    if (one !== undefined && one.fileByte + one.lengthBytes <= startByte) low = middle + 1;
    else high = middle;
  }
  for (let index = low; index < packed.length; index += 1) {
    const one = packed[index];
    if (one === undefined || one.fileByte >= startByte + lengthBytes) return;
    const from = Math.max(one.fileByte, startByte);
    const weight = Math.min(one.fileByte + one.lengthBytes, startByte + lengthBytes) - from;
    if (weight > 0) yield { index, from: from - one.fileByte, weight };
  }
}

function* piecesOf(context: Context, packed: readonly FileExtent[], inode: number): Generator<Piece, void, undefined> {
  const found = context.mapped[inode];
  if (found?.inode.image.kind !== 'file') return;
  for (const extent of found.extents) {
    if (extent.form.kind !== 'fragment') {
      yield* piecesOfExtent(context, extent, 0, extent.lengthBytes);
      continue;
    }
    for (const { index, from, weight } of overlaps(packed, extent.startByte, extent.lengthBytes)) {
      const holder = packed[index];
      if (holder !== undefined) yield* piecesOfExtent(context, holder, from, weight);
    }
  }
}

/** A part of one extent. */
function* piecesOfExtent(
  { bytes, superblock }: Context,
  { form, fileByte, startByte, storedBytes, lengthBytes: outBytes }: FileExtent,
  from: number,
  lengthBytes: number,
): Generator<Piece, void, undefined> {
  switch (form.kind) {
    case 'hole':
      return yield { kind: 'zeros', lengthBytes };
    case 'plain':
      return yield { kind: 'plain', startByte: startByte + from, lengthBytes };
    case 'interlaced': {
      const place = (fileByte + from) % superblock.blockBytes;
      const behind = Math.min(lengthBytes, superblock.blockBytes - place);
      yield { kind: 'plain', startByte: startByte + place, lengthBytes: behind };
      if (behind < lengthBytes) yield { kind: 'plain', startByte, lengthBytes: lengthBytes - behind };
      return;
    }
    case 'packed': {
      const block = { startByte, storedBytes, outBytes, codec: form.codec, isPadded: superblock.isPadded };
      return yield { kind: 'packed', block, fromByte: from, lengthBytes };
    }
    case 'fragment':
      throw bytes.corrupt('the packed inode refers to itself');
  }
}
