import { lstat, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { STAGING_PREFIX } from '../../io/atomic.ts';
import { run } from '../../io/process.ts';
import type { ImageReader } from './reader.ts';

/**
 * Reads an erofs by unpacking it: erofs-utils 1.5 has no way to read one file.
 *
 * @param scratchDir a folder with room for the unpacked image
 */
export async function erofsReader(image: string, scratchDir: string, signal?: AbortSignal): Promise<ImageReader> {
  const root = await mkdtemp(join(scratchDir, `${STAGING_PREFIX}unpacked-`));
  const close = (): Promise<void> => rm(root, { recursive: true, force: true });
  let failure: string | undefined;
  try {
    // 1 may only mean that a user who is not root cannot make device nodes: then the file wanted is there all the same.
    const { exitCode, stderr } = await run('fsck.erofs', [`--extract=${root}`, '--overwrite', '--no-preserve', image], {
      okCodes: [0, 1],
      ...(signal === undefined ? {} : { signal }),
    });
    if (exitCode !== 0) failure = stderr.trim().split('\n').slice(-3).join('\n');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async entryAt(path) {
      const found = await lstat(join(root, path)).catch(() => undefined);
      if (found === undefined && failure !== undefined)
        throw new ReleasePlanError('tool-failed', `fsck.erofs could not unpack ${path} of ${image}: ${failure}`);
      if (found === undefined) return { kind: 'missing' };
      if (found.isSymbolicLink()) return { kind: 'link', target: await readlink(join(root, path)) };
      return { kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other' };
    },
    read: (path) => readFile(join(root, path)),
    close,
  };
}
