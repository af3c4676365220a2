import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';

/** Opens an image for reading; of a pipe without waiting for its writer, so that {@link sizeOfImage} can refuse it. */
export const openImage = async (path: string): Promise<FileHandle> =>
  await open(path, constants.O_RDONLY | constants.O_NONBLOCK);

/**
 * The size of an image that is open.
 *
 * @throws ReleasePlanError `io-failed` for what has no size of its own: a pipe, a folder, a device (whose size reads as
 *   0)
 */
export async function sizeOfImage(handle: FileHandle, path: string): Promise<number> {
  const found = await handle.stat();
  if (!found.isFile())
    throw new ReleasePlanError('io-failed', `${path} is not a regular file`, {
      hint: 'Copy a device or a pipe into a file first.',
    });
  return found.size;
}
