import { ReleasePlanError } from '../../core/errors.ts';
import { run, runForBytes } from '../../io/process.ts';
import type { Entry, ImageReader } from './reader.ts';

/** Reads ext2, ext3 and ext4 by debugfs, which ends with 0 whatever happens and tells of errors on stderr. */
export function ext4Reader(image: string, signal?: AbortSignal): ImageReader {
  const options = signal === undefined ? {} : { signal };
  return {
    async entryAt(path) {
      const { stdout, stderr } = await run('debugfs', ['-R', `stat ${quoted(path)}`, image], options);
      if (/File not found|is not a directory/.test(stderr)) return { kind: 'missing' };
      const kind = /Type: (\w+)/.exec(stdout)?.[1];
      if (kind === undefined)
        throw new ReleasePlanError(
          'tool-failed',
          `debugfs cannot read ${image}: ${stderr.split('\n').slice(1).join(' ')}`,
        );
      return kind === 'symlink' ? { kind: 'link', target: await targetOf(path, stdout) } : plainEntry(kind);
    },
    read: (path) => runForBytes('debugfs', ['-R', `cat ${quoted(path)}`, image], options),
    close: async () => undefined,
  };

  /** Targets of less than 60 bytes stand in the inode, longer ones in a block. */
  async function targetOf(path: string, shown: string): Promise<string> {
    const fast = /^Fast link dest: "(.*)"$/m.exec(shown)?.[1];
    return fast ?? (await run('debugfs', ['-R', `cat ${quoted(path)}`, image], options)).stdout;
  }
}

const plainEntry = (kind: string): Entry => ({
  kind: kind === 'regular' ? 'file' : kind === 'directory' ? 'folder' : 'other',
});

/** debugfs splits its commands at spaces, and knows no way to write a quote within quotes. */
function quoted(path: string): string {
  if (/["\n]/.test(path))
    throw new ReleasePlanError('version-file-unreadable', `debugfs cannot read the path ${JSON.stringify(path)}`);
  return `"${path}"`;
}
