import { run, runForBytes } from '../../io/process.ts';
import type { Entry, ImageReader } from './reader.ts';

const ROOT = 'squashfs-root';

/**
 * Reads a squashfs by unsquashfs. Its listing says what is there: `-cat` ends
 * with 2 for links and missing files alike, and the listing with 0 for both.
 */
export function squashfsReader(image: string, signal?: AbortSignal): ImageReader {
  const options = signal === undefined ? {} : { signal };
  return {
    async entryAt(path) {
      // Without the depth a folder is listed with all that is in it.
      const depth = path.split('/').length - 1;
      const { stdout } = await run(
        'unsquashfs',
        ['-lls', '-no-wildcards', '-max-depth', String(depth), image, path.slice(1)],
        options,
      );
      return entryOf(stdout, path);
    },
    read: (path) => runForBytes('unsquashfs', ['-no-wildcards', '-cat', image, path.slice(1)], options),
    close: async () => undefined,
  };
}

/** @param listing lines like `lrwxrwxrwx root/root 8 2026-01-01 00:00 squashfs-root/etc/x -> y` */
function entryOf(listing: string, path: string): Entry {
  const shown = ` ${ROOT}${path}`;
  for (const line of listing.split('\n')) {
    const at = line.indexOf(shown);
    const rest = at === -1 ? undefined : line.slice(at + shown.length);
    if (line.startsWith('l') && rest?.startsWith(' -> ')) return { kind: 'link', target: rest.slice(4) };
    if (rest !== '') continue;
    return { kind: line.startsWith('-') ? 'file' : line.startsWith('d') ? 'folder' : 'other' };
  }
  return { kind: 'missing' };
}
