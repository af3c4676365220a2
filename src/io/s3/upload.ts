/** Brings a file into a bucket: in one piece or in parts, going on where an interrupted run stopped, checked. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Code } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { LocalFile } from '../hash.ts';
import type { Bucket, UploadedPart } from './bucket.ts';

/** Smallest part that S3 takes, but for the last. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;
const PART_BYTES = 16 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Size of the parts of a file: as few as memory allows, and never more than S3 takes. */
export const partBytesOf = (sizeBytes: number, least = PART_BYTES): number =>
  Math.max(least, Math.ceil(sizeBytes / MAX_PARTS / MIN_PART_BYTES) * MIN_PART_BYTES);

export interface UploadOptions {
  /** content-type, cache-control. */
  meta: Readonly<Record<string, string>>;
  onBytes: (bytes: number) => void;
  /** At least {@link MIN_PART_BYTES}. */
  partBytes?: number;
  /** What is said of an object that is not what was sent. */
  damaged: Code;
}

/**
 * Puts a file and makes sure that the object is that file: the object's ETag is compared with the MD5 of what was
 * read, and where the server's ETag is no MD5 (encrypted buckets) the object is read back.
 *
 * @throws ReleasePlanError `options.damaged`, with the object removed; `server-*`
 */
export async function uploadFile(bucket: Bucket, key: string, file: LocalFile, options: UploadOptions): Promise<void> {
  const partBytes = options.partBytes ?? partBytesOf(file.sizeBytes);
  const expected =
    file.sizeBytes <= partBytes
      ? await putWhole(bucket, key, file, options)
      : await putInParts(bucket, key, file, { ...options, partBytes });
  const head = await bucket.head(key);
  const isWhole =
    head?.sizeBytes === file.sizeBytes &&
    head.sha256 === file.sha256 &&
    (head.etag === expected || (await bucket.digest(key)) === file.sha256);
  if (isWhole) return;
  await bucket.remove(key);
  throw new ReleasePlanError(options.damaged, `${bucket.address}/${key} is not what was sent; it was removed`);
}

/** @returns the ETag that the object should have */
async function putWhole(
  bucket: Bucket,
  key: string,
  file: LocalFile,
  { meta, onBytes }: UploadOptions,
): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(file.path)) hash.update(chunk as Uint8Array);
  const body = {
    sizeBytes: file.sizeBytes,
    open: (): AsyncIterable<Uint8Array> => createReadStream(file.path) as AsyncIterable<Uint8Array>,
  };
  await bucket.put(key, { body, sha256: file.sha256 }, meta, onBytes);
  return hash.digest('hex');
}

/** @returns the ETag that the object should have: the MD5 of the parts' MD5s, and their number */
async function putInParts(
  bucket: Bucket,
  key: string,
  file: LocalFile,
  { meta, onBytes, partBytes }: UploadOptions & { partBytes: number },
): Promise<string> {
  const { uploadId, known } = await resumable(bucket, key, file, partBytes);
  const id = uploadId ?? (await bucket.beginUpload(key, file.sha256, meta));
  const whole = createHash('md5');
  const parts: Array<Pick<UploadedPart, 'number' | 'etag'>> = [];
  for await (const { number, bytes } of partsOf(file, partBytes)) {
    const md5 = createHash('md5').update(bytes).digest();
    whole.update(md5);
    const before = known.get(number);
    if (before?.sizeBytes === bytes.byteLength && before.etag === md5.toString('hex')) {
      onBytes(bytes.byteLength);
      parts.push(before);
      continue;
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    parts.push({ number, etag: await bucket.putPart(key, id, number, { body: bytes, sha256 }, onBytes) });
  }
  await bucket.finishUpload(key, id, parts);
  return `${whole.digest('hex')}-${parts.length}`;
}

/**
 * The unfinished upload to go on with. Uploads of another content under the same name are given up: their parts would
 * never be paid back, and their digest is fixed.
 */
async function resumable(
  bucket: Bucket,
  key: string,
  file: LocalFile,
  partBytes: number,
): Promise<{ uploadId?: string; known: Map<number, UploadedPart> }> {
  for (const uploadId of await bucket.unfinished(key)) {
    const listed = await bucket.parts(key, uploadId);
    if (listed !== undefined && listed.length > 0 && (await areOf(listed, file, partBytes)))
      return { uploadId, known: new Map(listed.map((part) => [part.number, part])) };
    await bucket.abandon(key, uploadId);
  }
  return { known: new Map() };
}

/** Whether parts are of this file: each has the bytes that it has there. */
async function areOf(listed: readonly UploadedPart[], file: LocalFile, partBytes: number): Promise<boolean> {
  const wanted = new Map(listed.map((part) => [part.number, part]));
  for await (const { number, bytes } of partsOf(file, partBytes, (one) => wanted.has(one))) {
    const md5 = createHash('md5').update(bytes).digest('hex');
    if (wanted.get(number)?.sizeBytes !== bytes.byteLength || wanted.get(number)?.etag !== md5) return false;
    wanted.delete(number);
  }
  return wanted.size === 0;
}

/** The parts of a file, numbered from 1, one in memory at a time. */
async function* partsOf(
  file: LocalFile,
  partBytes: number,
  isWanted: (number: number) => boolean = () => true,
): AsyncGenerator<{ number: number; bytes: Buffer }> {
  const handle = await open(file.path);
  try {
    for (let at = 0, number = 1; at < file.sizeBytes; at += partBytes, number += 1) {
      if (!isWanted(number)) continue;
      const bytes = Buffer.alloc(Math.min(partBytes, file.sizeBytes - at));
      let filled = 0;
      while (filled < bytes.byteLength) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, at + filled);
        if (bytesRead === 0) throw new ReleasePlanError('io-failed', `${file.path} became shorter while it was read`);
        filled += bytesRead;
      }
      yield { number, bytes };
    }
  } finally {
    await handle.close();
  }
}
