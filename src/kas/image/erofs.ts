import { lstat, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../io/process.ts';
import type { ImageReader } from './reader.ts';

/**
 * Reads an erofs by unpacking it: erofs-utils 1.5 has no way to read one file.
 *
 * @param scratchDir a folder with room for the unpacked image
 */
export async function erofsReader(image: string, scratchDir: string, signal?: AbortSignal): Promise<ImageReader> {
  const root = await mkdtemp(join(scratchDir, 'unpacked-'));
  const close = (): Promise<void> => rm(root, { recursive: true, force: true });
  try {
    // 1: what cannot be made by a user who is not root, such as device nodes. The file wanted is there or it is not.
    await run('fsck.erofs', [`--extract=${root}`, '--overwrite', '--no-preserve', image], { okCodes: [0, 1], ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async look(path) {
      const found = await lstat(join(root, path)).catch(() => undefined);
      if (found === undefined) return { kind: 'missing' };
      if (found.isSymbolicLink()) return { kind: 'link', target: await readlink(join(root, path)) };
      return { kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other' };
    },
    read: (path) => readFile(join(root, path)),
    close,
  };
}
