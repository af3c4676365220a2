import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { ReleasePlanError, errnoOf, messageOf } from '../../core/errors.ts';
import { deltaCompressionOf, readDelta, type DeltaCompression } from '../../rdiff/delta-source.ts';
import { zstdBlocks } from './zstd-blocks.ts';

/** Bytes of the bare delta, and which bytes of the file as stored they came from. */
export interface StoredChunk {
  bytes: Uint8Array;
  storedFrom: number;
  storedTo: number;
}

/** A delta's bytes with their cost, and how it is stored. */
export interface StoredDelta {
  compression: DeltaCompression;
  fileBytes: number;
  /** Chunks whose stored ranges follow one another from 0 to {@link fileBytes}. */
  chunks: AsyncIterable<StoredChunk>;
}

/** Reads a delta so that what each of its bytes costs as stored can be told. */
export async function openStoredDelta(path: string, signal?: AbortSignal): Promise<StoredDelta> {
  const compression = await deltaCompressionOf(path);
  const fileBytes = (await stat(path)).size;
  return { compression, fileBytes, chunks: toTheEnd(chunksOf(path, compression, fileBytes, signal), fileBytes) };
}

function chunksOf(
  path: string,
  compression: DeltaCompression,
  fileBytes: number,
  signal?: AbortSignal,
): AsyncIterable<StoredChunk> {
  switch (compression) {
    case 'none':
      return plainChunks(path, signal);
    case 'gzip':
      return gzipChunks(path, fileBytes, signal);
    case 'zstd':
      return zstdChunks(path, signal);
  }
}

async function* plainChunks(path: string, signal?: AbortSignal): AsyncGenerator<StoredChunk, void, undefined> {
  let at = 0;
  for await (const bytes of readDelta(path, signal)) {
    yield { bytes, storedFrom: at, storedTo: at + bytes.length };
    at += bytes.length;
  }
}

/** Compressed bytes that are given to zlib at once: what they make shares their cost evenly. */
const FINEST_STEP_BYTES = 256;
const COARSEST_STEP_BYTES = 8192;
const STEPS = 2048;

/** inflate hands on what it makes of its input at once, so that input and output can be told to belong together. */
async function* gzipChunks(
  path: string,
  fileBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<StoredChunk, void, undefined> {
  const step = Math.min(COARSEST_STEP_BYTES, Math.max(FINEST_STEP_BYTES, Math.ceil(fileBytes / STEPS)));
  const inflate = createGunzip({ chunkSize: 64 * 1024 });
  let made: Buffer[] = [];
  inflate.on('data', (chunk: Buffer) => void made.push(chunk));
  const write = (input: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      inflate.once('error', reject);
      inflate.write(input, (error) => {
        inflate.off('error', reject);
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  let storedFrom = 0;
  let storedTo = 0;
  try {
    for await (const input of stepsOf(path, step, signal)) {
      await write(input);
      storedTo += input.length;
      if (made.length === 0) continue;
      yield { bytes: Buffer.concat(made), storedFrom, storedTo };
      storedFrom = storedTo;
      made = [];
    }
    const ended = new Promise<void>((resolve, reject) => void inflate.once('end', resolve).once('error', reject));
    inflate.end();
    await ended;
    if (made.length > 0) yield { bytes: Buffer.concat(made), storedFrom, storedTo };
  } catch (error) {
    if (errnoOf(error)?.startsWith('Z_') !== true) throw error;
    throw new ReleasePlanError('delta-corrupt', `${path} is not whole gzip data: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    inflate.destroy();
  }
}

async function* stepsOf(path: string, step: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024, ...(signal ? { signal } : {}) }))
    for (let at = 0; at < chunk.length; at += step) yield (chunk as Buffer).subarray(at, at + step);
}

/** Each block of the frame says what it takes; what it makes shares that evenly. */
async function* zstdChunks(path: string, signal?: AbortSignal): AsyncGenerator<StoredChunk, void, undefined> {
  const handle = await open(path, 'r');
  try {
    const blocks = zstdBlocks(handle, path);
    let block = await blocks.next();
    let storedFrom = 0;
    let usedBytes = 0;
    for await (const bytes of readDelta(path, signal)) {
      for (let at = 0; at < bytes.length;) {
        while (block.done !== true && usedBytes >= block.value.outBytes) {
          storedFrom += block.value.storedBytes;
          usedBytes = 0;
          block = await blocks.next();
        }
        if (block.done === true) throw new ReleasePlanError('delta-corrupt', `${path} is not whole zstd data`);
        const { outBytes, storedBytes } = block.value;
        const taken = Math.min(bytes.length - at, outBytes - usedBytes);
        const costAt = (used: number): number => storedFrom + (storedBytes * used) / outBytes;
        yield {
          bytes: bytes.subarray(at, at + taken),
          storedFrom: costAt(usedBytes),
          storedTo: costAt(usedBytes + taken),
        };
        usedBytes += taken;
        at += taken;
      }
    }
  } finally {
    await handle.close();
  }
}

/** What follows the last byte (a checksum) is paid by it, so that the whole file is accounted for. */
async function* toTheEnd(
  chunks: AsyncIterable<StoredChunk>,
  fileBytes: number,
): AsyncGenerator<StoredChunk, void, undefined> {
  let held: StoredChunk | undefined;
  let storedTo = 0;
  for await (const chunk of chunks) {
    if (chunk.bytes.length === 0) continue;
    if (held !== undefined) yield held;
    held = { ...chunk, storedFrom: storedTo };
    ({ storedTo } = chunk);
  }
  if (held !== undefined) yield { ...held, storedTo: fileBytes };
}
