import { mkdir } from 'node:fs/promises';
import type { Filesystem } from '../../io/filesystem.ts';
import { run } from '../../io/process.ts';

/**
 * Unpacks an image into a new folder, with the times that its files have in
 * the image. Device nodes and owners are left out where only root may set them.
 *
 * @returns false for images of which no file can be read
 */
export async function unpackImage(
  image: string,
  filesystem: Filesystem,
  into: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const options = signal === undefined ? {} : { signal };
  switch (filesystem) {
    case 'squashfs':
      // 2: a device node, or an owner that this user may not give.
      await run('unsquashfs', ['-no-progress', '-quiet', '-no-xattrs', '-dest', into, image], {
        ...options,
        okCodes: [0, 2],
      });
      return true;
    case 'ext4':
      await mkdir(into);
      await run('debugfs', ['-R', `rdump / ${into}`, image], options);
      return true;
    case 'erofs':
      await mkdir(into);
      await run('fsck.erofs', [`--extract=${into}`, '--overwrite', image], { ...options, okCodes: [0, 1] });
      return true;
    case 'vfat':
    case 'unknown':
      return false;
  }
}
