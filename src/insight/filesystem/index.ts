import { filesystemOf } from '../../io/filesystem.ts';
import { mapErofs } from './erofs.ts';
import { mapExt4 } from './ext4.ts';
import { ImageBytes } from './image-bytes.ts';
import type { ImageMap } from './image-map.ts';
import { mapSquashfs } from './squashfs.ts';

/** A mapped image and its bytes, open until {@link OpenImage.close}. */
export interface OpenImage extends ImageMap {
  bytes: ImageBytes;
  close(): void;
}

/**
 * Maps an image: which of its bytes are for which file. Reads the file system's own structures alone, seldom more than
 * a hundredth of the image.
 *
 * @throws ReleasePlanError `image-unsupported` when it has no file system that is known here, `image-corrupt`,
 *   `tool-missing` for an image whose compression takes a program; AbortError
 */
export async function openImage(path: string, signal?: AbortSignal): Promise<OpenImage> {
  const filesystem = await filesystemOf(path);
  const bytes = new ImageBytes(path);
  try {
    const map = await mapImage(bytes, filesystem, signal);
    return { ...map, bytes, close: () => bytes.close() };
  } catch (error) {
    bytes.close();
    throw error;
  }
}

async function mapImage(
  bytes: ImageBytes,
  filesystem: Awaited<ReturnType<typeof filesystemOf>>,
  signal?: AbortSignal,
): Promise<ImageMap> {
  switch (filesystem) {
    case 'ext4':
      return mapExt4(bytes);
    case 'squashfs':
      return await mapSquashfs(bytes, signal);
    case 'erofs':
      return mapErofs(bytes);
    case 'vfat':
      throw bytes.unsupported('a FAT file system');
    case 'unknown':
      throw bytes.unsupported('what it holds (no ext4, squashfs or erofs)');
  }
}
