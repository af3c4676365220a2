/**
 * Reading what a plan names. Whoever can propose a plan can name any path:
 * a pipe would wait for its writer, a device has no end, and neither a read
 * nor an open that blocks in the kernel can be interrupted.
 */
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';
import { attributed } from './attribute.ts';

/** More than any file has that people or tools write for a plan: keys, templates, kas files, a registry. */
export const LARGEST_INPUT_BYTES = 64 * 1024 * 1024;

export interface RegularOptions {
  /** {@link LARGEST_INPUT_BYTES} unless given; Infinity for images. */
  maxBytes?: number;
  signal?: AbortSignal;
}

/**
 * Opens a file for reading that is a regular one, and no larger than allowed.
 * Never waits: what is no regular file is refused before it is opened, and
 * what takes its place in between is opened without blocking and refused then.
 *
 * @returns the handle, for the caller to close, and the size in bytes
 * @throws ReleasePlanError `file-not-regular`, `file-too-large`; the system's error when it cannot be opened
 */
export async function openRegular(
  path: string,
  { maxBytes = LARGEST_INPUT_BYTES }: RegularOptions = {},
): Promise<{ handle: FileHandle; sizeBytes: number }> {
  requireFile(path, await stat(path), maxBytes);
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = await handle.stat();
    requireFile(path, found, maxBytes);
    return { handle, sizeBytes: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Refuses what is no regular file, for programs that open it themselves.
 *
 * @throws as {@link openRegular}
 */
export async function requireRegular(path: string, options: RegularOptions = {}): Promise<void> {
  await (await openRegular(path, options)).handle.close();
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * The bytes of a regular file.
 *
 * @throws as {@link openRegular}; `file-too-large` also when it grows beyond the limit while it is read
 */
export async function readRegular(path: string, options: RegularOptions = {}): Promise<Buffer> {
  const { maxBytes = LARGEST_INPUT_BYTES, signal } = options;
  const { handle, sizeBytes } = await openRegular(path, options);
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      // One byte more than there is: a file that does not grow is read in one piece.
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(64, sizeBytes - total + 1)));
      const { bytesRead } = await attributed(path, async () => await handle.read(chunk, 0, chunk.length, null));
      if (bytesRead === 0) return Buffer.concat(chunks, total);
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
      if (total > maxBytes) throw tooLarge(path, total, maxBytes);
    }
  } finally {
    await handle.close();
  }
}

/** {@link readRegular} as UTF-8 text. */
export async function readRegularText(path: string, options: RegularOptions = {}): Promise<string> {
  return (await readRegular(path, options)).toString('utf8');
}

interface Kind {
  size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function requireFile(path: string, found: Kind, maxBytes: number): void {
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'a pipe, a socket or a device';
    throw new ReleasePlanError('file-not-regular', `${path} is ${what}, not a regular file`);
  }
  if (found.size > maxBytes) throw tooLarge(path, found.size, maxBytes);
}

const tooLarge = (path: string, sizeBytes: number, maxBytes: number): ReleasePlanError =>
  new ReleasePlanError('file-too-large', `${path} has ${sizeBytes} bytes; at most ${maxBytes} are read of such a file`);
