import type { ImageBytes } from '../image-bytes.ts';
import type { ImageInode } from '../image-tree.ts';

/** Where a regular file's content lies. */
export interface FileBlocks {
  startByte: number;
  /** As stored: bit 24 says that a block is not compressed, 0 that it is a hole. */
  sizes: number[];
  /** Undefined where the file fills whole blocks. */
  fragment: { index: number; offset: number } | undefined;
}

/** An inode of the table. */
export interface SquashfsInode {
  image: ImageInode;
  file?: FileBlocks;
  /** Where a folder's listing is in the directory table. */
  listing?: { block: number; offset: number; lengthBytes: number };
  linkTarget?: string;
}

/** An inode and where it stands in the decompressed table. */
export interface PlacedInode extends SquashfsInode {
  start: number;
  end: number;
}

/** From this type on, the long form of a type follows. */
const FIRST_LONG = 8;
const NO_FRAGMENT = 0xffffffff;
/** What a folder's size counts besides its listing: `.` and `..`. */
const LISTING_EXTRA_BYTES = 3;

/** What decoding needs to know of the image. */
export interface InodeContext {
  bytes: ImageBytes;
  blockBytes: number;
  ids: readonly number[];
}

/** Reads a table from one place on. */
class Cursor {
  readonly #table: Buffer;
  readonly #bytes: ImageBytes;
  at: number;

  constructor(table: Buffer, at: number, bytes: ImageBytes) {
    this.#table = table;
    this.at = at;
    this.#bytes = bytes;
  }

  u16(): number {
    return this.#table.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#table.readUInt32LE(this.#take(4));
  }

  u64(): number {
    const value = this.#table.readBigUInt64LE(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#bytes.corrupt('an inode has a number beyond 2^53');
    return Number(value);
  }

  text(lengthBytes: number): string {
    const at = this.#take(lengthBytes);
    return this.#table.toString('utf8', at, at + lengthBytes);
  }

  skip(lengthBytes: number): void {
    this.#take(lengthBytes);
  }

  #take(lengthBytes: number): number {
    const at = this.at;
    if (at + lengthBytes > this.#table.length) throw this.#bytes.corrupt('an inode goes beyond the inode table');
    this.at += lengthBytes;
    return at;
  }
}

/**
 * The inodes of a table, in its order.
 *
 * @throws ReleasePlanError `image-corrupt`
 * @see Linux fs/squashfs/squashfs_fs.h, struct squashfs_*_inode
 */
export function* readInodes(context: InodeContext, table: Buffer, count: number): Generator<PlacedInode> {
  const cursor = new Cursor(table, 0, context.bytes);
  for (let index = 0; index < count; index += 1) {
    const start = cursor.at;
    context.bytes.step();
    const inode = readInode(context, cursor);
    yield { ...inode, start, end: cursor.at };
  }
}

function readInode(context: InodeContext, cursor: Cursor): SquashfsInode {
  const type = cursor.u16();
  const mode = cursor.u16() & 0o7777;
  const uid = context.ids[cursor.u16()];
  const gid = context.ids[cursor.u16()];
  if (uid === undefined || gid === undefined) throw context.bytes.corrupt('an inode has an owner that is not listed');
  const common = { mode, uid, gid, modifiedS: cursor.u32(), otherTimes: '' };
  // Its number, which the export table alone needs.
  cursor.skip(4);
  const isLong = type >= FIRST_LONG;
  switch (isLong ? type - FIRST_LONG + 1 : type) {
    case 1:
      return readFolder(common, cursor, isLong);
    case 2:
      return readFile(context, common, cursor, isLong);
    case 3:
      return readLink(common, cursor, isLong);
    case 4:
    case 5:
      cursor.skip(isLong ? 12 : 8);
      return { image: { ...common, kind: 'other', sizeBytes: 0, location: '' } };
    case 6:
    case 7:
      cursor.skip(isLong ? 8 : 4);
      return { image: { ...common, kind: 'other', sizeBytes: 0, location: '' } };
    default:
      throw context.bytes.corrupt(`an inode is of the unknown type ${type}`);
  }
}

type Common = Pick<ImageInode, 'mode' | 'uid' | 'gid' | 'modifiedS' | 'otherTimes'>;

function readFolder(common: Common, cursor: Cursor, isLong: boolean): SquashfsInode {
  let block: number;
  let sizeBytes: number;
  let offset: number;
  if (isLong) {
    cursor.skip(4);
    sizeBytes = cursor.u32();
    block = cursor.u32();
    cursor.skip(4);
    const indexes = cursor.u16();
    offset = cursor.u16();
    cursor.skip(4);
    for (let index = 0; index < indexes; index += 1) {
      cursor.skip(8);
      cursor.skip(cursor.u32() + 1);
    }
  } else {
    block = cursor.u32();
    cursor.skip(4);
    sizeBytes = cursor.u16();
    offset = cursor.u16();
    cursor.skip(4);
  }
  return {
    image: { ...common, kind: 'folder', sizeBytes, location: `${block}:${offset}` },
    listing: { block, offset, lengthBytes: Math.max(0, sizeBytes - LISTING_EXTRA_BYTES) },
  };
}

function readFile({ bytes, blockBytes }: InodeContext, common: Common, cursor: Cursor, isLong: boolean): SquashfsInode {
  const startByte = isLong ? cursor.u64() : cursor.u32();
  let sizeBytes = 0;
  if (isLong) {
    sizeBytes = cursor.u64();
    cursor.skip(12);
  }
  const fragment = cursor.u32();
  const offset = cursor.u32();
  if (isLong) cursor.skip(4);
  else sizeBytes = cursor.u32();
  const blocks = fragment === NO_FRAGMENT ? Math.ceil(sizeBytes / blockBytes) : Math.floor(sizeBytes / blockBytes);
  const sizes: number[] = [];
  for (let index = 0; index < blocks; index += 1) sizes.push(cursor.u32());
  bytes.step(blocks);
  // Sizes may be many thousands: a sum tells as well whether they are the same.
  const sizesSum = sizes.reduce((sum, size) => (Math.imul(sum, 31) + size) | 0, 0);
  const location = `${startByte}:${fragment}:${offset}:${sizesSum}`;
  return {
    image: { ...common, kind: 'file', sizeBytes, location },
    file: { startByte, sizes, fragment: fragment === NO_FRAGMENT ? undefined : { index: fragment, offset } },
  };
}

function readLink(common: Common, cursor: Cursor, isLong: boolean): SquashfsInode {
  cursor.skip(4);
  const sizeBytes = cursor.u32();
  const linkTarget = cursor.text(sizeBytes);
  if (isLong) cursor.skip(4);
  return { image: { ...common, kind: 'link', sizeBytes, location: '' }, linkTarget };
}
