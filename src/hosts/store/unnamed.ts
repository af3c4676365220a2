/**
 * Files on their way from one host to another that get no name in the store: who fetches them is told what they hold.
 * Content that nothing names is kept for the grace time of gc, which is long enough for that.
 */
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { publishFolder } from '../../io/atomic.ts';
import { digestFile, type FileDigest } from '../../io/hash.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { withSpace } from '../../io/space.ts';
import { fetchObject } from './object.ts';
import { sendObjects } from './send-objects.ts';
import type { Transfer } from './transfer.ts';

/** What files hold, by name. */
export type Digests = Record<string, FileDigest>;

/**
 * What another host says that a file holds.
 *
 * @throws ReleasePlanError `store-damaged` for what leads to no object
 */
export function requireDigest(digest: FileDigest | undefined, name: string): FileDigest {
  if (
    digest !== undefined &&
    /^[0-9a-f]{64}$/.test(digest.sha256) &&
    Number.isSafeInteger(digest.sizeBytes) &&
    digest.sizeBytes >= 0
  )
    return digest;
  throw new ReleasePlanError('store-damaged', `the host that made ${name} does not say what it holds`);
}

/**
 * Sends files of a folder.
 *
 * @returns what they hold
 * @throws ReleasePlanError `store-damaged`, `server-*`
 */
export async function sendUnnamed(transfer: Transfer, dir: string, names: readonly string[]): Promise<Digests> {
  const files = await severalAtOnce(names, FILES_AT_ONCE, async (name) => {
    const path = join(dir, name);
    return { name, path, ...(await digestFile(path, transfer.signal)) };
  });
  await sendObjects(transfer, files);
  return Object.fromEntries(files.map(({ name, sizeBytes, sha256 }) => [name, { sizeBytes, sha256 }]));
}

/**
 * Brings files into a folder, all of them or none.
 *
 * @throws ReleasePlanError `store-damaged`, `disk-full`, `server-*`
 */
export async function bringUnnamed(
  { store, signal, onBytes }: Transfer,
  dir: string,
  digests: ReadonlyMap<string, FileDigest>,
): Promise<void> {
  const bytes = [...digests.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await withSpace(dir, bytes, async () => {
    await publishFolder(
      dir,
      async (staging) => {
        await severalAtOnce(digests, FILES_AT_ONCE, async ([name, digest]) => {
          await fetchObject(store, digest, join(staging, name), signal, onBytes);
        });
      },
      { replace: true },
    );
  });
}
