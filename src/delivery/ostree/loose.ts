/** What an update costs without a static delta: the objects that a client lacks. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ostree, type OstreeRepository } from './repository.ts';

/** An object of a commit: `<checksum>.file`, `.dirtree` or `.dirmeta`. */
type ObjectName = string;

/** Suffix in an archive repository, where files are compressed one by one. */
const SUFFIX = { file: 'filez', dirtree: 'dirtree', dirmeta: 'dirmeta' } as const;

/** Bytes that a client which has `from` fetches to have `to`, object by object; one request each. */
export async function looseBytes(
  repo: OstreeRepository,
  { from, to }: { from: string; to: string },
  signal?: AbortSignal,
): Promise<{ bytes: number; objects: number }> {
  const has = new Set(await objectsOf(repo, from, signal));
  const lacks = [...new Set(await objectsOf(repo, to, signal))].filter((name) => !has.has(name));
  const sizes = await Promise.all(
    lacks.map(async (name) => (await stat(join(repo.path, 'objects', name.slice(0, 2), name.slice(2)))).size),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), objects: lacks.length };
}

/** The objects below a commit, each as often as it is used. */
async function objectsOf(repo: OstreeRepository, commit: string, signal?: AbortSignal): Promise<ObjectName[]> {
  const { stdout } = await ostree(repo, ['ls', '--recursive', '--checksum', commit], signal ? { signal } : {});
  return readListing(stdout);
}

/** Reads `ostree ls -R -C`: a folder has the checksums of its tree and of its mode, a file or link has one. */
export function readListing(stdout: string): ObjectName[] {
  return stdout.split('\n').flatMap((line) => {
    const sums = /^[-dl]\d+ +\d+ +\d+ +\d+ ([0-9a-f]{64})(?: ([0-9a-f]{64}))? /.exec(line);
    if (sums === null) return [];
    const [, first = '', second] = sums;
    return line.startsWith('d') && second !== undefined
      ? [`${first}.${SUFFIX.dirtree}`, `${second}.${SUFFIX.dirmeta}`]
      : [`${first}.${SUFFIX.file}`];
  });
}
