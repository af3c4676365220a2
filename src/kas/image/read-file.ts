import { ReleasePlanError } from '../../core/errors.ts';
import type { Filesystem } from '../../io/filesystem.ts';
import { erofsReader } from './erofs.ts';
import { ext4Reader } from './ext4.ts';
import { resolveInImage, type ImageReader } from './reader.ts';
import { squashfsReader } from './squashfs.ts';

export interface ImageFile {
  image: string;
  filesystem: Filesystem;
  /** Absolute path within the image. */
  path: string;
  /** A folder with room to unpack, where a kind of image needs it. */
  scratchDir: string;
  signal?: AbortSignal;
}

/**
 * The content of one file of an image, links followed within the image.
 *
 * @returns undefined when the image has no such regular file
 * @throws ReleasePlanError `version-file-unreadable` for other kinds of images, `tool-missing`, `tool-failed`
 */
export async function readImageFile(file: ImageFile): Promise<Uint8Array | undefined> {
  const reader = await readerOf(file);
  try {
    const path = await resolveInImage(reader, file.path);
    return path === undefined ? undefined : await reader.read(path);
  } finally {
    await reader.close();
  }
}

async function readerOf({ image, filesystem, scratchDir, signal }: ImageFile): Promise<ImageReader> {
  switch (filesystem) {
    case 'squashfs':
      return squashfsReader(image, signal);
    case 'ext4':
      return ext4Reader(image, signal);
    case 'erofs':
      return await erofsReader(image, scratchDir, signal);
    case 'vfat':
    case 'unknown':
      throw new ReleasePlanError(
        'version-file-unreadable',
        `cannot read files from ${image}: ${filesystem === 'vfat' ? 'it is a FAT image' : 'unknown file system'}`,
      );
  }
}
