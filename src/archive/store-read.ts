/** When nights read what is in a store: in the store, since hosts that run nights come and go. */
import { writeFileAtomic } from '../io/atomic.ts';
import { readIfThere } from '../io/documents/read.ts';
import { sealJson } from '../text/json.ts';
import { storeReadFile, type ArchiveKey } from './layout.ts';

export interface StoreRead {
  /** When a night last read its share; ISO 8601, UTC. */
  readAt?: string;
  /**
   * When everything was last read and found whole that a manifest names, or was first seen by a night; by the sha256 of
   * the manifest.
   */
  manifests: Record<string, string>;
  /** Of those, what was damaged when it was last read. */
  damaged: string[];
}

/** What is remembered; nothing when it was altered: then everything counts as seen for the first time. */
export async function readStoreRead(key: ArchiveKey): Promise<StoreRead> {
  const found = await readIfThere<StoreRead & { schema: 1 }>('storeRead', storeReadFile(key));
  if (found === undefined) return { manifests: {}, damaged: [] };
  const { schema: _schema, ...read } = found;
  return read;
}

/** Writes it whole or not at all. */
export async function writeStoreRead(key: ArchiveKey, read: StoreRead): Promise<void> {
  await writeFileAtomic(storeReadFile(key), sealJson({ schema: 1, ...read }));
}
