import type { OpenImage } from '../filesystem/index.ts';
import type { MetadataKind, Owner } from '../filesystem/owner.ts';
import { sumsOf, type Likeness } from './nearest.ts';
import type { SlotSignature } from './slot-signature.ts';

/**
 * What became of blocks of a slot since the image was written to it:
 * - `mounted`: they hold the superblock or the journal, which a read-write mount alone changes
 * - `trimmed`: what no file uses is zeros now, and nothing else changed; proven by the block's sum
 * - `zeroed`: the whole block is zeros now, although the image has more there than free space
 * - `written`: they hold inode tables, bitmaps and the like: files were made, removed or altered
 * - `edited`: they hold files; where a folder is in the same block, it may be that which changed
 */
export const SLOT_CHANGES = ['mounted', 'trimmed', 'zeroed', 'written', 'edited'] as const;
export type SlotChange = (typeof SLOT_CHANGES)[number];

/** Blocks of a slot that changed for one reason. */
export interface ChangedBlocks {
  change: SlotChange;
  blocks: number;
  bytes: number;
  /** Numbers of the first of them. */
  firstBlocks: number[];
  /** Files that have bytes in them; any of these, where a block has several. */
  files: string[];
  /** Folders whose lists of names are in them: one changes when a file in it comes or goes. */
  folders: string[];
  /** What else is in them. */
  metadata: MetadataKind[];
}

const BLOCKS_NAMED = 16;
const MOST_FILES = 1000;
/** So much is put together at once to compute sums of. */
const BATCH_BYTES = 32 * 1024 * 1024;

/** What a block of the image holds. */
interface BlockContent {
  block: number;
  files: Set<number>;
  folders: Set<number>;
  metadata: Set<MetadataKind>;
  /** As trimming would leave it, by what it takes for unused; none where it would change nothing. */
  trimmed: Buffer[];
}

/**
 * Explains the blocks of a slot that differ from the image that is nearest.
 *
 * @throws ReleasePlanError `image-corrupt`; AbortError
 */
export async function explainBlocks(
  slot: SlotSignature,
  likeness: Likeness,
  image: OpenImage,
  signal?: AbortSignal,
): Promise<ChangedBlocks[]> {
  const { blockBytes } = slot.header;
  const found: Gathered = new Map();
  const batch = Math.max(1, Math.floor(BATCH_BYTES / blockBytes));
  const [zeroEntry] = await sumsOf(slot, [Buffer.alloc(blockBytes)]);
  for (let at = 0; at < likeness.differing.length; at += batch) {
    signal?.throwIfAborted();
    const contents = likeness.differing.slice(at, at + batch).map((block) => contentOfBlock(image, block, blockBytes));
    const sums = await sumsOf(
      slot,
      contents.flatMap(({ trimmed }) => trimmed),
    );
    let firstSum = 0;
    for (const content of contents) {
      const entry = content.block < slot.header.blocks ? slot.entry(content.block) : undefined;
      const own = sums.slice(firstSum, firstSum + content.trimmed.length);
      firstSum += content.trimmed.length;
      const isTrimmed = entry !== undefined && own.some((sum) => sum.equals(entry));
      const isZero = entry !== undefined && zeroEntry?.equals(entry) === true;
      const change = isTrimmed ? 'trimmed' : isZero ? 'zeroed' : changeOf(content, image);
      add(found, change, content, blockBytes, likeness.imageBytes);
    }
  }
  const pathsOf = (inodes: ReadonlySet<number>): string[] =>
    [...inodes]
      .slice(0, MOST_FILES)
      .flatMap((inode) => image.tree.pathOfInode(inode) ?? [])
      .sort();
  return [...found.values()].map(({ row, files, folders, metadata }) => ({
    ...row,
    files: pathsOf(files),
    folders: pathsOf(folders),
    metadata: [...metadata].sort(),
  }));
}

function contentOfBlock(image: OpenImage, block: number, blockBytes: number): BlockContent {
  const startByte = block * blockBytes;
  const endByte = Math.min(startByte + blockBytes, image.bytes.sizeBytes);
  const whole = Buffer.alloc(blockBytes);
  image.bytes.read(startByte, endByte - startByte, 'a block').copy(whole);
  const content: BlockContent = { block, files: new Set(), folders: new Set(), metadata: new Set(), trimmed: [] };
  const extents = [...image.extents.within(startByte, endByte)];
  for (const { owner } of extents) {
    if (owner.kind === 'file') content.files.add(owner.inode);
    else if (owner.kind === 'shared') for (const { inode } of owner.parts) content.files.add(inode);
    else {
      content.metadata.add(owner.what);
      if (owner.what === 'directory') for (const inode of owner.inodes) content.folders.add(inode);
    }
  }
  for (const unused of [isFree, (owner: Owner) => isFree(owner) || isUnusedInodes(owner)]) {
    const trimmed = Buffer.from(whole);
    for (const extent of extents)
      if (unused(extent.owner)) trimmed.fill(0, extent.startByte - startByte, extent.endByte - startByte);
    if (![whole, ...content.trimmed].some((one) => one.equals(trimmed))) content.trimmed.push(trimmed);
  }
  return content;
}

/** What fstrim discards. */
const isFree = (owner: Owner): boolean => owner.kind === 'metadata' && owner.what === 'free space';

/** What e2fsck -E discard takes besides: inodes of files that were removed. */
const isUnusedInodes = (owner: Owner): boolean =>
  owner.kind === 'metadata' && owner.what === 'inode table' && owner.inodes.length === 0;

/** What a mount changes even when nothing is written. */
const CHANGED_BY_MOUNT: readonly MetadataKind[] = ['superblock', 'journal'];

function changeOf({ files, metadata }: BlockContent, image: OpenImage): SlotChange {
  // Read-only file systems have no state that a mount could change.
  if (image.filesystem === 'ext4' && CHANGED_BY_MOUNT.some((one) => metadata.has(one))) return 'mounted';
  return files.size > 0 ? 'edited' : 'written';
}

type Gathered = Map<
  SlotChange,
  { row: ChangedBlocks; files: Set<number>; folders: Set<number>; metadata: Set<MetadataKind> }
>;

function add(found: Gathered, change: SlotChange, content: BlockContent, blockBytes: number, imageBytes: number): void {
  const held = found.get(change) ?? {
    row: { change, blocks: 0, bytes: 0, firstBlocks: [], files: [], folders: [], metadata: [] },
    files: new Set<number>(),
    folders: new Set<number>(),
    metadata: new Set<MetadataKind>(),
  };
  found.set(change, held);
  held.row.blocks += 1;
  held.row.bytes += Math.min(blockBytes, imageBytes - content.block * blockBytes);
  if (held.row.firstBlocks.length < BLOCKS_NAMED) held.row.firstBlocks.push(content.block);
  for (const inode of content.files) held.files.add(inode);
  for (const inode of content.folders) held.folders.add(inode);
  for (const what of content.metadata) held.metadata.add(what);
}
