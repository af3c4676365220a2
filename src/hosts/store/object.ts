/** Brings an object of a store into a file, and believes it only when it has its sha256. */
import { rm } from 'node:fs/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import { syncPath } from '../../io/atomic.ts';
import { digestFile, sizeOf, type FileDigest } from '../../io/hash.ts';
import { objectName } from './names.ts';
import type { OnBytes, Store } from './store.ts';

/**
 * Writes an object into a file that may hold the beginning of it, from a run
 * that was interrupted. When this one is interrupted, it holds more.
 *
 * @throws ReleasePlanError `store-damaged` when it is not there, or is another; then the file is removed
 */
export async function fetchObject(
  store: Store,
  object: FileDigest,
  path: string,
  signal: AbortSignal,
  onBytes: OnBytes,
): Promise<void> {
  const place = `${store.address}/${objectName(object.sha256)}`;
  const began = (await sizeOf(path)) ?? 0;
  if (began > object.sizeBytes) await rm(path);
  if (began !== object.sizeBytes && !(await store.fetch(object, path, onBytes)))
    throw new ReleasePlanError('store-damaged', `${place} is missing`);
  const found = await digestFile(path, signal);
  if (found.sha256 === object.sha256) return await syncPath(path);
  await rm(path);
  // What was begun may be another's, or a bad disk's: once more from the first byte.
  if (began > 0) return await fetchObject(store, object, path, signal, onBytes);
  throw new ReleasePlanError(
    'store-damaged',
    `${place} has ${found.sizeBytes} bytes with the sha256 ${found.sha256}, expected ${object.sizeBytes} bytes`,
  );
}
