/** Which objects a ref leads to. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveKey } from '../../archive/layout.ts';
import type { Ref } from '../../archive/store-seen.ts';
import type { ArchivedFile } from '../../core/archive.ts';
import { makeFolder } from '../../io/atomic.ts';
import { digestFile, type FileDigest } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { folderOf, type Subject } from './names.ts';
import { fetchObject } from './object.ts';
import { incomingDir } from './pull.ts';
import { filesNamedIn } from './stored-manifest.ts';
import type { Store } from './store.ts';

/** Who reads. */
export interface Reading {
  plan: ArchiveKey;
  store: Store;
  signal: AbortSignal;
}

/**
 * The files that a manifest in the store names, by the copy of it that the folder here has, if that is the same.
 *
 * @param key of the product that it belongs to, which may be another than the plan's
 * @throws ReleasePlanError `store-damaged` when it is missing or damaged in the store; `server-*`
 */
export async function filesOf(
  { plan, store, signal }: Reading,
  key: ArchiveKey,
  subject: Subject,
  manifest: FileDigest,
): Promise<ArchivedFile[]> {
  const { dir, manifest: name } = folderOf(key, subject);
  const here = join(dir, name);
  if ((await ifPresent(digestFile(here, signal)))?.sha256 === manifest.sha256)
    return await filesNamedIn(here, subject, here);
  await makeFolder(incomingDir(plan));
  const path = join(incomingDir(plan), `read-${manifest.sha256}`);
  try {
    await fetchObject(store, manifest, path, signal, () => undefined);
    return await filesNamedIn(path, subject, 'the manifest that it names');
  } finally {
    await rm(path, { force: true });
  }
}

/** Every object that a ref leads to, its manifest first. @throws as {@link filesOf} */
export async function objectsOf(
  reading: Reading,
  key: ArchiveKey,
  subject: Subject,
  { manifest, signature }: Ref,
): Promise<FileDigest[]> {
  const files = await filesOf(reading, key, subject, manifest);
  return [manifest, ...(signature === undefined ? [] : [signature]), ...files];
}
