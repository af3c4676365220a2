import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { openRegular } from '../io/regular.ts';
import { unzstd } from '../io/unzstd.ts';

/** How a delta file is stored, told by its first bytes and not by its name. */
export type DeltaCompression = 'none' | 'gzip' | 'zstd';

const READ_BYTES = 256 * 1024;

/** How the delta at `path` is stored. Anything that is neither gzip nor zstd is `none`: the parser judges it. */
export async function deltaCompressionOf(path: string): Promise<DeltaCompression> {
  const { handle } = await openRegular(path, { maxBytes: Infinity });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE(0) === 0x1f8b) return 'gzip';
    // @see RFC 8878, 3.1.1: the magic number of a Zstandard frame, little-endian
    return bytesRead === 4 && buffer.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none';
  } finally {
    await handle.close();
  }
}

/**
 * The bytes of a delta, decompressed where need be, in chunks of bounded size.
 *
 * @throws ReleasePlanError `delta-corrupt` when the compressed file is damaged,
 *   `tool-missing` when zstd is needed and not installed; AbortError
 */
export async function* readDelta(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const compression = await deltaCompressionOf(path);
  if (compression === 'none')
    yield* createReadStream(path, { highWaterMark: READ_BYTES, ...(signal ? { signal } : {}) });
  else if (compression === 'gzip') yield* gunzip(path, signal);
  else yield* unzstd(path, (complaint) => notWhole(path, complaint), signal);
}

const notWhole = (path: string, complaint: string): ReleasePlanError =>
  new ReleasePlanError('delta-corrupt', `${path} is not complete zstd data: ${complaint}`);

async function* gunzip(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const input = createReadStream(path, { highWaterMark: READ_BYTES, ...(signal ? { signal } : {}) });
  const output = createGunzip({ chunkSize: READ_BYTES });
  input.once('error', (error) => output.destroy(error));
  try {
    yield* input.pipe(output);
  } catch (error) {
    if (errnoOf(error)?.startsWith('Z_') !== true) throw error;
    throw new ReleasePlanError('delta-corrupt', `${path} is not complete gzip data: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    input.destroy();
  }
}
