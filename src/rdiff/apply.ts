import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { publishFile } from '../io/atomic.ts';
import { writeAt } from '../io/positioned.ts';
import { readDelta } from './delta-source.ts';
import type { Progress } from './progress.ts';
import { reconstruct } from './reconstruct.ts';

export interface ApplyOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** What {@link applyDelta} wrote. */
export interface AppliedDelta {
  targetBytes: number;
  /** 64 hex digits. */
  targetSha256: string;
}

/**
 * Applies a delta (plain, or compressed by gzip or zstd) to its base and writes
 * the target through two buffers of at most 4 MiB, whatever the sizes.
 *
 * `out` gets its name only when the target is whole and on disk; until then,
 * and after any failure, what had the name keeps it.
 *
 * @throws ReleasePlanError `delta-not-a-delta`, `delta-truncated`, `delta-corrupt`, `delta-beyond-base`;
 *   a system error when a file cannot be read or written; AbortError
 * @see librsync doc/format.md
 */
export async function applyDelta(
  base: string,
  delta: string,
  out: string,
  options: ApplyOptions = {},
): Promise<AppliedDelta> {
  const { signal, onProgress } = options;
  return await publishFile(out, async (temporary) => {
    const hash = createHash('sha256');
    const handle = await open(temporary, 'wx');
    try {
      const targetBytes = await reconstruct(
        base,
        readDelta(delta, signal),
        async (piece, offset) => {
          const written = writeAt(handle, piece, offset);
          hash.update(piece);
          await written;
          onProgress?.({ phase: 'apply', doneBytes: offset + piece.length });
        },
        signal,
      );
      return { targetBytes, targetSha256: hash.digest('hex') };
    } finally {
      await handle.close();
    }
  });
}
