import { open } from 'node:fs/promises';
import { attributed } from './attribute.ts';

/** File systems that are told apart by their superblock's magic. */
export type Filesystem = 'squashfs' | 'ext4' | 'erofs' | 'vfat' | 'unknown';

/**
 * The file system of an image, by magic number.
 *
 * ext2 and ext3 read as `ext4`: the same superblock, and debugfs reads all three.
 *
 * @see Linux Documentation/filesystems: squashfs 'hsqs' at 0, ext4 0xEF53 at 1080, erofs 0xE0F5E1E2 at 1024
 */
export async function filesystemOf(path: string): Promise<Filesystem> {
  const handle = await open(path, 'r');
  const head = Buffer.alloc(1152);
  try {
    await attributed(path, async () => await handle.read(head, 0, head.length, 0));
  } finally {
    await handle.close();
  }
  if (head.toString('latin1', 0, 4) === 'hsqs') return 'squashfs';
  if (head.readUInt32LE(1024) === 0xe0f5e1e2) return 'erofs';
  if (head.readUInt16LE(1080) === 0xef53) return 'ext4';
  if (
    head.readUInt16LE(510) === 0xaa55 &&
    (head.toString('latin1', 54, 57) === 'FAT' || head.toString('latin1', 82, 87) === 'FAT32')
  )
    return 'vfat';
  return 'unknown';
}
