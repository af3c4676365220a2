import { createHash } from 'node:crypto';
import { readAt } from '../io/positioned.ts';
import { readDelta } from './delta-source.ts';
import { openImage, sizeOfImage } from './image-file.ts';
import type { Progress } from './progress.ts';
import { reconstruct } from './reconstruct.ts';

export interface ProveOptions {
  /** Whether to compute the target's sha256 on the way (about a second per 2 GiB); true by default. */
  digest?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** Whether a delta gives its target, bit for bit. */
export type DeltaProof =
  | { equal: true; targetBytes: number; /** 64 hex digits; absent with `digest: false`. */ targetSha256?: string }
  /** `firstDifference`: offset of the first byte that differs; the shorter one's size where one ends early. */
  | { equal: false; firstDifference: number; reconstructedBytes: number; targetBytes: number };

/**
 * Applies a delta to its base in memory and compares the result with the
 * target, bit for bit, without writing anything. Needs three
 * buffers of at most 4 MiB and reads each file once.
 *
 * @returns a proof, or where the two first differ; a delta that cannot be applied is an error
 * @throws ReleasePlanError `delta-*` as {@link applyDelta} does
 */
export async function proveDelta(
  base: string,
  delta: string,
  target: string,
  options: ProveOptions = {},
): Promise<DeltaProof> {
  const { digest = true, signal, onProgress } = options;
  const handle = await openImage(target);
  try {
    const targetBytes = await sizeOfImage(handle, target);
    const hash = digest ? createHash('sha256') : undefined;
    let firstDifference: number | undefined;
    let expected: Buffer = Buffer.alloc(0);
    const reconstructedBytes = await reconstruct(
      base,
      readDelta(delta, signal),
      async (piece, offset) => {
        if (firstDifference !== undefined) return;
        if (expected.length < piece.length) expected = Buffer.allocUnsafe(piece.length);
        const found = expected.subarray(0, await readAt(handle, expected.subarray(0, piece.length), offset));
        firstDifference = differenceOf(piece, found, offset);
        hash?.update(found);
        onProgress?.({ phase: 'prove', doneBytes: offset + piece.length, totalBytes: targetBytes });
      },
      signal,
    );
    if (firstDifference === undefined && reconstructedBytes === targetBytes) {
      return { equal: true, targetBytes, ...(hash ? { targetSha256: hash.digest('hex') } : {}) };
    }
    return { equal: false, firstDifference: firstDifference ?? reconstructedBytes, reconstructedBytes, targetBytes };
  } finally {
    await handle.close();
  }
}

/** Where two pieces that start at `offset` first differ; undefined when they are equal. */
function differenceOf(piece: Uint8Array, expected: Buffer, offset: number): number | undefined {
  // memcmp finds whether they differ; only when they do is the place searched for.
  if (expected.equals(piece)) return undefined;
  let at = 0;
  while (at < expected.length && expected[at] === piece[at]) at += 1;
  return offset + at;
}
