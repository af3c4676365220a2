import { open, stat } from 'node:fs/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import { deltaCompressionOf, readDelta, type DeltaCompression } from '../../rdiff/delta-source.ts';
import { deflateCosts } from './deflate-costs.ts';
import type { PackedRun } from './packed-run.ts';
import { zstdBlocks } from './zstd-blocks.ts';

/** Bytes of the bare delta, and what they take in the file as stored. */
export interface StoredChunk {
  bytes: Uint8Array;
  /** Where what a byte takes begins in the stored file; of the chunk's length the end. */
  placeOf(byte: number): number;
}

/** A delta's bytes with their cost, and how it is stored. */
export interface StoredDelta {
  compression: DeltaCompression;
  fileBytes: number;
  /** Chunks whose places follow one another from 0 to {@link fileBytes}. */
  chunks: AsyncIterable<StoredChunk>;
}

/**
 * Reads a delta so that what each of its bytes costs as stored can be told.
 *
 * @throws ReleasePlanError `delta-corrupt`, `tool-missing`; a system error; AbortError, all while it is read
 */
export async function openStoredDelta(path: string, signal?: AbortSignal): Promise<StoredDelta> {
  const compression = await deltaCompressionOf(path);
  const fileBytes = (await stat(path)).size;
  return { compression, fileBytes, chunks: toTheEnd(chunksOf(path, compression, signal), fileBytes) };
}

async function* chunksOf(
  path: string,
  compression: DeltaCompression,
  signal?: AbortSignal,
): AsyncGenerator<StoredChunk, void, undefined> {
  switch (compression) {
    case 'none':
      return yield* plainChunks(path, signal);
    case 'gzip':
      return yield* packedChunks(
        path,
        compression,
        deflateCosts(path, () => notWhole(path, compression)),
        signal,
      );
    case 'zstd': {
      const handle = await open(path, 'r');
      try {
        return yield* packedChunks(path, compression, zstdBlocks(handle, path), signal);
      } finally {
        await handle.close();
      }
    }
  }
}

const notWhole = (path: string, compression: DeltaCompression): ReleasePlanError =>
  new ReleasePlanError('delta-corrupt', `${path} is not whole ${compression} data`);

async function* plainChunks(path: string, signal?: AbortSignal): AsyncGenerator<StoredChunk, void, undefined> {
  let at = 0;
  for await (const bytes of readDelta(path, signal)) {
    const from = at;
    yield { bytes, placeOf: (byte) => from + byte };
    at += bytes.length;
  }
}

/** What a program makes of the file, beside what is known of its compression. */
async function* packedChunks(
  path: string,
  compression: DeltaCompression,
  runs: Iterable<PackedRun> | AsyncIterable<PackedRun>,
  signal?: AbortSignal,
): AsyncGenerator<StoredChunk, void, undefined> {
  const known = Symbol.asyncIterator in runs ? runs[Symbol.asyncIterator]() : runs[Symbol.iterator]();
  let run: PackedRun | undefined;
  let used = 0;
  try {
    for await (const bytes of readDelta(path, signal)) {
      for (let at = 0; at < bytes.length;) {
        if (run === undefined || used === run.outBytes) {
          const { value, done } = await known.next();
          run = done === true ? undefined : value;
          used = 0;
        }
        if (run === undefined) throw notWhole(path, compression);
        const { placeOf, outBytes } = run;
        const from = used;
        const taken = Math.min(bytes.length - at, outBytes - from);
        yield { bytes: bytes.subarray(at, at + taken), placeOf: (byte) => placeOf(from + byte) };
        used += taken;
        at += taken;
      }
    }
  } finally {
    await known.return?.();
  }
}

/** What follows the last byte (a checksum) is paid by it, so that the whole file is accounted for. */
async function* toTheEnd(
  chunks: AsyncIterable<StoredChunk>,
  fileBytes: number,
): AsyncGenerator<StoredChunk, void, undefined> {
  let held: StoredChunk | undefined;
  for await (const chunk of chunks) {
    if (chunk.bytes.length === 0) continue;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held === undefined) return;
  const { bytes, placeOf } = held;
  yield { bytes, placeOf: (byte) => (byte === bytes.length ? fileBytes : placeOf(byte)) };
}
