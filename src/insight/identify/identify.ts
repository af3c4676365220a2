import { ReleasePlanError } from '../../core/errors.ts';
import { openImage } from '../filesystem/index.ts';
import { explainBlocks, type ChangedBlocks } from './changes.ts';
import { findNearest, shareOf, type Candidate, type Likeness } from './nearest.ts';
import { readSlotSignature, type SlotSignature } from './slot-signature.ts';

/**
 * What a slot holds:
 * - `identical`: an archived image, bit for bit as far as the sums tell
 * - `altered`: most of an archived image; no delta can start from it
 * - `unknown`: nothing that is like any archived image
 */
export type Verdict = 'identical' | 'altered' | 'unknown';

/** What the signature of a slot says. */
export interface Identification {
  verdict: Verdict;
  signature: { blockBytes: number; blocks: number };
  /** The archived image that is nearest; null without archived images. */
  nearest: NearestImage | null;
  /** Why blocks differ; empty unless altered, and for an image of no known file system. */
  changes: ChangedBlocks[];
}

export interface NearestImage extends Candidate {
  imageBytes: number;
  blocks: number;
  differingBlocks: number;
  /** The slot goes on in the block that the image ends in: its last bytes could not be compared. */
  isTailUnknown: boolean;
}

/** With less in common, two images are of different versions rather than one altered. */
const LEAST_SHARE = 0.5;

/**
 * Finds the archived image that a device has in a slot, by the signature that the device made of it.
 *
 * @param signaturePath as `rdiff signature` writes it, of any of its kinds
 * @throws ReleasePlanError `signature-corrupt`, `signature-unsuitable`, `image-corrupt`; a system error for an image
 *   that cannot be read; AbortError
 */
export async function identifySlot(
  signaturePath: string,
  candidates: readonly Candidate[],
  signal?: AbortSignal,
): Promise<Identification> {
  const slot = await readSlotSignature(signaturePath);
  const { blockBytes, blocks } = slot.header;
  const likeness = await findNearest(slot, candidates, signal);
  const verdict = likeness === undefined ? 'unknown' : verdictOf(likeness);
  return {
    verdict,
    signature: { blockBytes, blocks },
    nearest: likeness === undefined ? null : nearestOf(likeness),
    changes: likeness === undefined || verdict !== 'altered' ? [] : await changesOf(slot, likeness, signal),
  };
}

function verdictOf(likeness: Likeness): Verdict {
  if (likeness.differing.length === 0) return 'identical';
  return shareOf(likeness) >= LEAST_SHARE ? 'altered' : 'unknown';
}

const nearestOf = ({ candidate, imageBytes, blocks, differing, isTailUnknown }: Likeness): NearestImage => ({
  ...candidate,
  imageBytes,
  blocks,
  differingBlocks: differing.length,
  isTailUnknown,
});

async function changesOf(slot: SlotSignature, likeness: Likeness, signal?: AbortSignal): Promise<ChangedBlocks[]> {
  const image = await openImage(likeness.candidate.image, signal).catch((error: unknown) => {
    if (error instanceof ReleasePlanError && error.code === 'image-unsupported') return undefined;
    throw error;
  });
  if (image === undefined) return [];
  try {
    return await explainBlocks(slot, likeness, image, signal);
  } finally {
    image.close();
  }
}
