import type { Extents } from './extents.ts';
import type { ImageTree } from './image-tree.ts';

/** The kinds of file system whose images can be explained. */
export type MappedFilesystem = 'ext4' | 'squashfs' | 'erofs';

/** How a block is compressed; `unknown` for what cannot be undone here. */
export type Codec = 'zstd' | 'zlib' | 'xz' | 'lz4' | 'deflate' | 'unknown';

/** A compressed block of an image. */
export interface PackedBlock {
  startByte: number;
  /** Size in the image. */
  storedBytes: number;
  /** Size when it is decompressed. */
  outBytes: number;
  codec: Codec;
  /** It begins with zeros, which compressed data does not. */
  isPadded?: boolean;
}

/** Where a part of a file's content is. The pieces of a file, in order, are its whole content. */
export type Piece =
  | { kind: 'zeros'; lengthBytes: number }
  | { kind: 'plain'; startByte: number; lengthBytes: number }
  | { kind: 'packed'; block: PackedBlock; fromByte: number; lengthBytes: number };

/** What an image holds, and which of its bytes are for what. */
export interface ImageMap {
  filesystem: MappedFilesystem;
  tree: ImageTree;
  /** Every byte of the image once, in order. */
  extents: Extents;
  /** Where the content of a regular file or a link is; empty for others. */
  pieces(inode: number): Iterable<Piece>;
}
