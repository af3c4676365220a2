import type { ImageBytes } from '../image-bytes.ts';
import type { PlacedInode } from './inode.ts';
import type { SquashfsLayout } from './superblock.ts';

/** A block that holds the ends of files, and small files whole. */
export interface Fragment {
  startByte: number;
  storedBytes: number;
  isPlain: boolean;
  /** Size when it is decompressed: where the last file's end in it ends. */
  outBytes: number;
  /** Ascending; files with the same content share a place, which the first of them has. */
  tails: Array<{ inode: number; offset: number; lengthBytes: number }>;
}

const ENTRY_BYTES = 16;
const STORED_PLAIN_BIT = 0x1000000;

/**
 * The fragment blocks, and which files have their ends in each.
 *
 * @param entries the decompressed fragment table
 * @throws ReleasePlanError `image-corrupt`
 */
export function readFragments(
  bytes: ImageBytes,
  entries: Buffer,
  inodes: readonly PlacedInode[],
  { fragments: count, blockBytes }: SquashfsLayout,
): Fragment[] {
  const fragments: Fragment[] = [];
  for (let index = 0; index < Math.min(count, Math.floor(entries.length / ENTRY_BYTES)); index += 1) {
    const at = index * ENTRY_BYTES;
    const size = entries.readUInt32LE(at + 8);
    fragments.push({
      startByte: Number(entries.readBigUInt64LE(at)),
      storedBytes: size & (STORED_PLAIN_BIT - 1),
      isPlain: (size & STORED_PLAIN_BIT) !== 0,
      outBytes: 0,
      tails: [],
    });
  }
  for (const [inode, { file, image }] of inodes.entries()) {
    if (file?.fragment === undefined) continue;
    const fragment = fragments[file.fragment.index];
    const lengthBytes = image.sizeBytes % blockBytes;
    const { offset } = file.fragment;
    if (fragment === undefined || offset + lengthBytes > blockBytes)
      throw bytes.corrupt('a file has its end in a fragment that is not there');
    if (lengthBytes > 0) fragment.tails.push({ inode, offset, lengthBytes });
  }
  for (const fragment of fragments) settle(fragment);
  return fragments;
}

function settle(fragment: Fragment): void {
  fragment.tails.sort((a, b) => a.offset - b.offset || a.inode - b.inode);
  fragment.tails = fragment.tails.filter((one, index, all) => {
    fragment.outBytes = Math.max(fragment.outBytes, one.offset + one.lengthBytes);
    return index === 0 || all[index - 1]?.offset !== one.offset;
  });
}
