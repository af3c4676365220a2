import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { startProgram } from '../io/children.ts';
import { toolEnvironment } from '../io/environment.ts';
import { openRegular } from '../io/regular.ts';
import { missingTool } from '../io/tools.ts';

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
  else yield* unzstd(path, signal);
}

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

/** Node.js 20 has no zstd; Debian's program has, with the 128 MiB window limit that SWUpdate keeps as well. */
async function* unzstd(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const child = startProgram('zstd', ['--decompress', '--stdout', '--quiet', '--', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
    ...(signal ? { signal } : {}),
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingTool('zstd', error) : error));
    child.once('close', resolve);
  });
  // Awaited below; without this a failed start would count as unhandled while the pipe is read.
  ended.catch(() => undefined);
  try {
    yield* child.stdout;
    const status = await ended;
    if (status !== 0)
      throw new ReleasePlanError(
        'delta-corrupt',
        `${path} is not complete zstd data: ${complaint.trim() || `zstd exited with ${status}`}`,
      );
  } finally {
    child.kill();
  }
}
