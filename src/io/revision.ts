/** Small files that several hosts write: replaced only by who has seen what they replace. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from './atomic.ts';
import { digestBytes } from './hash.ts';
import { withLock } from './lock.ts';
import { ifPresent } from './present.ts';

/** A small file as it was read, in a folder or on a server. */
export interface Revision {
  bytes: Buffer;
  /** Opaque; another one when the file changed. Undefined where a server tells none. */
  tag: string | undefined;
}

/** A file of a folder; undefined when there is none. */
export async function readRevision(path: string): Promise<Revision | undefined> {
  const bytes = await ifPresent(readFile(path));
  return bytes === undefined ? undefined : { bytes, tag: digestBytes(bytes).sha256 };
}

/** How long another host is waited for that writes one. */
const WAIT_MS = 60_000;

/**
 * Replaces a file of a folder, or writes it for the first time.
 *
 * @param seen what it replaces; undefined when there was none
 * @param lock held meanwhile; the same for all that write the file
 * @returns false when somebody else wrote it since
 * @throws ReleasePlanError `locked`, `interrupted`
 */
export async function replaceRevision(
  path: string,
  bytes: Buffer,
  seen: Revision | undefined,
  lock: { file: string; what: string; signal: AbortSignal },
): Promise<boolean> {
  return await withLock(lock.file, lock.what, { waitMs: WAIT_MS, signal: lock.signal }, async () => {
    if ((await readRevision(path))?.tag !== seen?.tag) return false;
    await writeFileAtomic(path, bytes);
    return true;
  });
}
