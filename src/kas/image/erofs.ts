import { lstat, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { STAGING_PREFIX } from '../../io/atomic.ts';
import { DISK_FULL_WORDS, diskFull } from '../../io/attribute.ts';
import { run } from '../../io/process.ts';
import { requireSpace } from '../../io/space.ts';
import { missingTool } from '../../io/tools.ts';
import { readRegular } from '../../io/regular.ts';
import { MOST_FILE_BYTES, type ImageReader } from './reader.ts';

/** What prlimit ends with when there is no such program. */
const NOT_FOUND = 127;

/** The longest file that is unpacked: one of zeros takes no room in an image, and fills a disk outside of it. */
const MOST_UNPACKED_BYTES = 4 * 1024 ** 3;

/**
 * Reads an erofs by unpacking it: erofs-utils 1.5 has no way to read one file.
 *
 * @param scratchDir a folder with room for the unpacked image
 */
export async function erofsReader(image: string, scratchDir: string, signal?: AbortSignal): Promise<ImageReader> {
  // Unpacked it is never much smaller; how much larger, nobody knows before.
  const { size: leastBytes } = await stat(image);
  await requireSpace(scratchDir, leastBytes);
  const root = await mkdtemp(join(scratchDir, `${STAGING_PREFIX}unpacked-`));
  const close = (): Promise<void> => rm(root, { recursive: true, force: true });
  let failure: string | undefined;
  try {
    // 1 may only mean that a user who is not root cannot make device nodes: then the file wanted is there all the same.
    const { exitCode, stderr } = await run(
      'prlimit',
      [`--fsize=${MOST_UNPACKED_BYTES}`, 'fsck.erofs', `--extract=${root}`, '--overwrite', '--no-preserve', image],
      {
        okCodes: [0, 1, NOT_FOUND],
        ...(signal === undefined ? {} : { signal }),
      },
    );
    if (exitCode === NOT_FOUND) throw missingTool('fsck.erofs');
    if (stderr.includes(DISK_FULL_WORDS)) throw diskFull(scratchDir, leastBytes, stderr.trim());
    if (exitCode !== 0) failure = stderr.trim().split('\n').slice(-3).join('\n');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async entryAt(path) {
      if (!(await isReached(root, dirname(path)))) return { kind: 'missing' };
      const found = await lstat(join(root, path)).catch(() => undefined);
      if (found === undefined && failure !== undefined)
        throw new ReleasePlanError('tool-failed', `fsck.erofs cannot extract ${path} from ${image}: ${failure}`);
      if (found === undefined) return { kind: 'missing' };
      if (found.isSymbolicLink()) return { kind: 'link', target: await readlink(join(root, path)) };
      return { kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other' };
    },
    read: (path) => readRegular(join(root, path), { maxBytes: MOST_FILE_BYTES }),
    close,
  };
}

/**
 * Whether a folder of the unpacked image is reached without a link: on this
 * machine a link leads to this machine's files, and only resolveInImage knows
 * where it leads on the device.
 */
async function isReached(root: string, folder: string): Promise<boolean> {
  let at = root;
  for (const name of folder.split('/').filter((one) => one !== '')) {
    at = join(at, name);
    const found = await lstat(at).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) return false;
  }
  return true;
}
