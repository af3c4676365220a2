import { createHash } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { open, copyFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../core/errors.ts';
import { attributed } from './attribute.ts';
import { ifPresent } from './present.ts';

/** What identifies a file's content. */
export interface FileDigest {
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
}

/** A file, and what it holds. */
export interface LocalFile extends FileDigest {
  path: string;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * sha256 and size of a file, read once in bounded memory.
 *
 * @param onBytes told of each chunk, in bytes
 * @throws a system error when it cannot be read; an AbortError when the signal fires.
 */
export async function digestFile(
  path: string,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await attributed(path, async () => {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })) {
      hash.update(chunk as Uint8Array);
      sizeBytes += (chunk as Uint8Array).byteLength;
      onBytes?.((chunk as Uint8Array).byteLength);
    }
  });
  return { sizeBytes, sha256: hash.digest('hex') };
}

export const digestBytes = (bytes: string | Uint8Array): FileDigest => ({
  sizeBytes: Buffer.byteLength(bytes),
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/**
 * Copies a file (as a reflink where the file system can), syncs the copy and
 * returns the digest of the copy as it was read back: what is on disk, not what was meant.
 * Modes are set to 0644, whatever the source or the umask.
 */
export async function copyWithDigest(from: string, to: string, signal?: AbortSignal): Promise<FileDigest> {
  await copy(from, to, signal);
  const handle = await open(to, 'r+');
  try {
    await attributed(to, async () => {
      await handle.chmod(0o644);
      await handle.sync();
    });
  } finally {
    await handle.close();
  }
  return await digestFile(to, signal);
}

/** Why a file system makes no reflink: it has none, not between these two, or not of this file. */
const NO_REFLINK: ReadonlySet<string | undefined> = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'EXDEV',
  'EINVAL',
  'ENOSYS',
  'ENOTTY',
]);

/** A reflink, or else byte by byte: copyFile(3) of gigabytes could not be interrupted. */
async function copy(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    if (!NO_REFLINK.has(errnoOf(error))) throw error;
    const writer = createWriteStream(to, { flags: 'wx', highWaterMark: CHUNK_BYTES });
    await attributed(
      to,
      async () =>
        await pipeline(
          createReadStream(from, { highWaterMark: CHUNK_BYTES }),
          writer,
          signal === undefined ? {} : { signal },
        ),
    );
  }
}

/** Size of a file in bytes, or undefined when there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifPresent(stat(path)))?.size;
}
