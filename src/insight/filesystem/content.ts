import { createHash } from 'node:crypto';
import type { ImageMap, PackedBlock, Piece } from './image-map.ts';
import type { ImageBytes } from './image-bytes.ts';
import { canUnpack, unpackBlocks } from './unpack.ts';

/** Plain content is read in parts of this size. */
const PART_BYTES = 4 * 1024 * 1024;

/** All files that are read come to at most so much, and so many times the image. */
const LEAST_CONTENT_BYTES = 256 * 1024 * 1024;
const MOST_EXPANSION = 16;

const ZEROS = Buffer.alloc(64 * 1024);

/** A mapped image and its bytes. */
export type ReadableImage = Pick<ImageMap, 'tree' | 'pieces'> & { bytes: ImageBytes };

/** A part of one file's content, in the order of the content. */
export interface ContentPart {
  inode: number;
  bytes: Buffer;
}

/**
 * The contents of files, one after the other, in parts of a few MiB. Files whose ends share a compressed block are best
 * asked for in a row: a block that was used last is not decompressed again.
 *
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported` for a compression that cannot be undone,
 *   `tool-missing`; AbortError
 */
export async function* contentOf(
  image: ReadableImage,
  inodes: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<ContentPart, void, undefined> {
  const unpacked = unpackBlocks(image.bytes, blocksOf(image, inodes), signal);
  let last: { startByte: number; bytes: Buffer } | undefined;
  try {
    for (const inode of inodes) {
      signal?.throwIfAborted();
      for (const piece of image.pieces(inode)) {
        if (piece.kind !== 'packed') {
          for (const bytes of partsOf(image.bytes, piece)) yield { inode, bytes };
          continue;
        }
        if (last?.startByte !== piece.block.startByte)
          last = { startByte: piece.block.startByte, bytes: (await unpacked.next()).value ?? Buffer.alloc(0) };
        yield { inode, bytes: last.bytes.subarray(piece.fromByte, piece.fromByte + piece.lengthBytes) };
      }
    }
    await unpacked.next();
  } finally {
    await unpacked.return();
  }
}

/** Every compressed block that is needed, in the order in which it is needed. */
function blocksOf(image: ReadableImage, inodes: readonly number[]): PackedBlock[] {
  const blocks: PackedBlock[] = [];
  for (const inode of inodes)
    for (const piece of image.pieces(inode))
      if (piece.kind === 'packed' && piece.block.startByte !== blocks.at(-1)?.startByte) blocks.push(piece.block);
  return blocks;
}

function* partsOf(bytes: ImageBytes, piece: Exclude<Piece, { kind: 'packed' }>): Generator<Buffer, void, undefined> {
  for (let done = 0; done < piece.lengthBytes;) {
    const wanted = piece.lengthBytes - done;
    const part =
      piece.kind === 'zeros'
        ? ZEROS.subarray(0, Math.min(wanted, ZEROS.length))
        : bytes.read(piece.startByte + done, Math.min(wanted, PART_BYTES), "a file's content");
    bytes.step();
    done += part.length;
    yield part;
  }
}

/**
 * A digest of each file's content; equal contents have equal digests in every kind of image. Files that cannot be read
 * here, or are far larger than the image, are left out.
 */
export async function contentDigests(
  image: ReadableImage,
  inodes: Iterable<number>,
  signal?: AbortSignal,
): Promise<Map<number, string>> {
  const digests = new Map<number, string>();
  const readable = inPlaceOrder(image, inodes);
  let current: { inode: number; hash: ReturnType<typeof createHash> } | undefined;
  const end = (): void => {
    if (current !== undefined) digests.set(current.inode, current.hash.digest('base64'));
  };
  for (const inode of readable) digests.set(inode, EMPTY);
  for await (const { inode, bytes } of contentOf(image, readable, signal)) {
    if (current?.inode !== inode) {
      end();
      current = { inode, hash: createHash('sha256') };
    }
    current.hash.update(bytes);
  }
  end();
  return digests;
}

const EMPTY = createHash('sha256').digest('base64');

/**
 * Files by the place of their last piece: those that share a block come one after the other. Left out is what cannot be
 * read, or is out of all proportion to the image: sparse files of terabytes take an hour to read.
 */
function inPlaceOrder(image: ReadableImage, inodes: Iterable<number>): number[] {
  const placed: Array<{ inode: number; at: number }> = [];
  let leftBytes = LEAST_CONTENT_BYTES + MOST_EXPANSION * image.bytes.sizeBytes;
  for (const inode of new Set(inodes)) {
    const sizeBytes = image.tree.inodes[inode]?.sizeBytes ?? 0;
    if (sizeBytes > leftBytes) continue;
    leftBytes -= sizeBytes;
    let at = 0;
    let isReadable = true;
    for (const piece of image.pieces(inode)) {
      if (piece.kind === 'plain') at = piece.startByte;
      if (piece.kind !== 'packed') continue;
      at = piece.block.startByte;
      isReadable &&= canUnpack(piece.block.codec);
    }
    if (isReadable) placed.push({ inode, at });
  }
  return placed.sort((a, b) => a.at - b.at).map(({ inode }) => inode);
}
