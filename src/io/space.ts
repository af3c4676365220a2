import { constants } from 'node:fs';
import { copyFile, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { attributed } from './attribute.ts';

/** What a new folder or an almost empty file takes, on most file systems. */
export const BLOCK_BYTES = 4096;

/**
 * Runs a step that writes, when the disk has room for it. A disk that others
 * fill meanwhile is told of as one that was full from the start.
 *
 * @param path where the step writes; it may not exist yet
 * @throws ReleasePlanError `disk-full` with the path and the need in bytes, and what `body` throws
 */
export async function withSpace<T>(path: string, needBytes: number, body: () => Promise<T>): Promise<T> {
  await requireSpace(path, needBytes);
  return await attributed(path, body, needBytes);
}

/**
 * Refuses to start a step that the disk has no room for.
 *
 * @param path where the step writes; it may not exist yet
 * @param otherwise what can be done in place of freeing room, as it goes on in the sentence
 * @throws ReleasePlanError `disk-full` with the need and what is free, in bytes
 */
export async function requireSpace(path: string, needBytes: number, otherwise = ''): Promise<void> {
  const free = await freeBytes(path);
  if (free >= needBytes) return;
  throw new ReleasePlanError(
    'disk-full',
    `not enough disk space for ${path}: ${needBytes} bytes required, ${free} free`,
    {
      hint: `Free at least ${needBytes - free} bytes${otherwise}, then run the same command again.`,
    },
  );
}

/** What is free for this user, in bytes. @param path it may not exist yet */
export async function freeBytes(path: string): Promise<number> {
  try {
    const found = await statfs(path);
    return found.bavail * found.bsize;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(path) !== path) return await freeBytes(dirname(path));
    throw error;
  }
}

/** What a copy of a file into a folder takes: nothing where the file system makes reflinks. */
export async function bytesToCopy(path: string, folder: string): Promise<number> {
  const probe = join(folder, '.reflink');
  try {
    await copyFile(path, probe, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return 0;
  } catch {
    return (await stat(path)).size;
  } finally {
    await rm(probe, { force: true });
  }
}
