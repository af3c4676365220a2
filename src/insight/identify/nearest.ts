import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withScratch } from '../../io/scratch.ts';
import { withSums, type ImageSums } from './image-sums.ts';
import type { SlotSignature } from './slot-signature.ts';

/** An archived image that a slot may hold. */
export interface Candidate {
  version: string;
  partition: string;
  /** Absolute path of the image. */
  image: string;
}

/** How an image and a slot compare. */
export interface Likeness {
  candidate: Candidate;
  imageBytes: number;
  /** Blocks of the image. */
  blocks: number;
  /** Numbers of those that are not the slot's, ascending. */
  differing: number[];
  /** How many are zeros in both: any two images with free space have those in common. */
  emptyBlocks: number;
  /** The slot has more bytes in the image's last block than the image: what they are cannot be known. */
  isTailUnknown: boolean;
}

/** Above so many candidates a sample of their blocks decides which are compared whole. */
const COMPARED_WHOLE = 3;
const SAMPLED_BLOCKS = 256;

/**
 * The image that is most like a slot; undefined without candidates.
 *
 * @throws system errors of images that cannot be read; AbortError
 */
export async function findNearest(
  slot: SlotSignature,
  candidates: readonly Candidate[],
  signal?: AbortSignal,
): Promise<Likeness | undefined> {
  const [zeros] = await sumsOf(slot, [Buffer.alloc(slot.header.blockBytes)]);
  const isEmpty = (entry: Buffer): boolean => zeros?.equals(entry) === true;
  let chosen = [...candidates];
  if (chosen.length > COMPARED_WHOLE) {
    const sampled: Array<{ candidate: Candidate; share: number }> = [];
    for (const candidate of candidates) {
      signal?.throwIfAborted();
      const share = await withSums(candidate.image, slot.header, async (sums) => shareOfSample(slot, sums, isEmpty));
      sampled.push({ candidate, share });
    }
    chosen = sampled
      .sort((a, b) => b.share - a.share)
      .slice(0, COMPARED_WHOLE)
      .map(({ candidate }) => candidate);
  }
  let nearest: Likeness | undefined;
  for (const candidate of chosen) {
    const found = await compare(slot, candidate, isEmpty, signal);
    if (nearest === undefined || shareOf(found) > shareOf(nearest)) nearest = found;
    if (found.differing.length === 0) return found;
  }
  return nearest;
}

/** How much of an image the slot has, 0 to 1, of what is not empty in both. */
export const shareOf = ({ blocks, differing, emptyBlocks }: Likeness): number => {
  const telling = blocks - emptyBlocks;
  return telling === 0 ? 0 : (telling - differing.length) / telling;
};

function shareOfSample(slot: SlotSignature, sums: ImageSums, isEmpty: (entry: Buffer) => boolean): number {
  const step = Math.max(1, Math.floor(sums.blocks / SAMPLED_BLOCKS));
  let looked = 0;
  let same = 0;
  for (let block = 0; block < sums.blocks; block += step) {
    const entry = sums.entry(block);
    const isSame = block < slot.header.blocks && entry.equals(slot.entry(block));
    if (isSame && isEmpty(entry)) continue;
    looked += 1;
    if (isSame) same += 1;
  }
  return looked === 0 ? 0 : same / looked;
}

async function compare(
  slot: SlotSignature,
  candidate: Candidate,
  isEmpty: (entry: Buffer) => boolean,
  signal?: AbortSignal,
): Promise<Likeness> {
  return await withSums(candidate.image, slot.header, async (sums) => {
    const differing: number[] = [];
    let emptyBlocks = 0;
    for await (const { block, entry } of sums.entries(signal))
      if (block >= slot.header.blocks || !entry.equals(slot.entry(block))) differing.push(block);
      else if (isEmpty(entry)) emptyBlocks += 1;
    const likeness: Likeness = {
      candidate,
      imageBytes: sums.sizeBytes,
      blocks: sums.blocks,
      differing,
      emptyBlocks,
      isTailUnknown: false,
    };
    return await settleTail(slot, likeness);
  });
}

/** A slot is seldom as large as its image: then the image's last block has bytes behind it that are no part of it. */
async function settleTail(slot: SlotSignature, likeness: Likeness): Promise<Likeness> {
  const { blockBytes, blocks } = slot.header;
  const last = likeness.blocks - 1;
  const restBytes = likeness.imageBytes % blockBytes;
  if (restBytes === 0 || likeness.differing.at(-1) !== last || blocks < likeness.blocks) return likeness;
  const differing = likeness.differing.slice(0, -1);
  if (await isPaddedTail(slot, likeness, restBytes)) return { ...likeness, differing };
  // A slot that ends within this block may end where the image does, and then it differs.
  return blocks > likeness.blocks ? { ...likeness, differing, isTailUnknown: true } : likeness;
}

/** Whether the slot has zeros behind the image. */
async function isPaddedTail(slot: SlotSignature, likeness: Likeness, restBytes: number): Promise<boolean> {
  const { blockBytes } = slot.header;
  const padded = Buffer.alloc(blockBytes);
  const handle = await open(likeness.candidate.image, 'r');
  try {
    await handle.read(padded, 0, restBytes, likeness.imageBytes - restBytes);
  } finally {
    await handle.close();
  }
  const [entry] = await sumsOf(slot, [padded]);
  return entry?.equals(slot.entry(likeness.blocks - 1)) === true;
}

/** The sums that blocks would have, each of the slot's block length. */
export async function sumsOf(slot: SlotSignature, blocks: readonly Buffer[]): Promise<Buffer[]> {
  if (blocks.length === 0) return [];
  const bytes = Buffer.concat(blocks);
  return await withScratch('identify', bytes.length, async (folder) => {
    const file = join(folder, 'blocks');
    await writeFile(file, bytes);
    return await withSums(file, slot.header, async (sums) => {
      const entries: Buffer[] = [];
      for await (const { entry } of sums.entries()) entries.push(Buffer.from(entry));
      return entries;
    });
  });
}
