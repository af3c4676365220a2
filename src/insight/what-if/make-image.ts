import { open, rm } from 'node:fs/promises';
import { run } from '../../io/process.ts';

/** Kinds of images that are tried. */
export const IMAGE_KINDS = ['ext4', 'squashfs', 'squashfs-zstd', 'erofs', 'erofs-lz4hc'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

/** Fixed, so that two images differ by their files alone, as reproducible builds have it. */
const UUID = '3e2b1a64-5f0d-4c7b-9c57-8f6a1d2e0b93';

/**
 * Makes an image of a tree by mke2fs, mksquashfs or mkfs.erofs.
 *
 * @param ext4Bytes the size of an ext4, which does not follow from its files
 * @throws ReleasePlanError `tool-missing`, `tool-failed`, `interrupted`
 */
export async function makeImage(
  kind: ImageKind,
  tree: string,
  image: string,
  { ext4Bytes, signal }: { ext4Bytes: number; signal?: AbortSignal },
): Promise<void> {
  await rm(image, { force: true });
  const options = signal === undefined ? {} : { signal };
  switch (kind) {
    case 'ext4': {
      const handle = await open(image, 'wx');
      await handle.truncate(ext4Bytes);
      await handle.close();
      const args = ['-q', '-F', '-t', 'ext4', '-U', UUID, '-E', `hash_seed=${UUID}`, '-d', tree, image];
      await run('mke2fs', args, { ...options, env: { E2FSPROGS_FAKE_TIME: '1' } });
      return;
    }
    case 'squashfs':
    case 'squashfs-zstd': {
      const compression = kind === 'squashfs' ? ['-noI', '-noD', '-noF', '-noX'] : ['-comp', 'zstd'];
      const args = [tree, image, '-noappend', '-all-root', '-mkfs-time', '0', '-quiet', '-no-progress', ...compression];
      await run('mksquashfs', args, options);
      return;
    }
    case 'erofs':
    case 'erofs-lz4hc': {
      const compression = kind === 'erofs' ? [] : ['-zlz4hc'];
      await run('mkfs.erofs', ['-T0', `-U${UUID}`, '--all-root', '--quiet', ...compression, image, tree], options);
      return;
    }
  }
}
