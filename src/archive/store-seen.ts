/** What a store had when it was last looked at, remembered beside the archive's folder. */
import { join } from 'node:path';
import { writeFileAtomic } from '../io/atomic.ts';
import { readIfThere } from '../io/documents/read.ts';
import type { FileDigest } from '../io/hash.ts';
import { sealJson } from '../text/json.ts';
import { productDir, type ArchiveKey } from './layout.ts';
import type { ReadOptions } from './manifest.ts';

/** What has a name in a store: a manifest, and the signature over it where the plan signs. */
export interface Ref {
  manifest: FileDigest;
  signature?: FileDigest;
}

/** A ref, and what tells whether it is still that one. */
export interface SeenRef extends Ref {
  tag?: string;
}

/** What had a name until gc took it away. */
export interface Removed extends Ref {
  /** ISO 8601, UTC. */
  removedAt: string;
  /** Since when it cannot be restored any more: nothing keeps its content. */
  emptiedAt?: string;
}

export interface SeenRemoval extends Removed {
  tag?: string;
}

export interface Seen {
  /** By name. */
  refs: Map<string, SeenRef>;
  /** By name. */
  removed: Map<string, SeenRemoval>;
  /** sha256 by name. */
  documents: Map<string, string>;
}

/** A name that no version has. */
const seenFile = (key: ArchiveKey): string => join(productDir(key), '.release-plan-store.json');

interface SeenDocument {
  store: string;
  refs: Record<string, SeenRef>;
  removed?: Record<string, SeenRemoval>;
  documents: Record<string, string>;
}

/** What was seen of a store; nothing of another one, or when the file was altered: it spares reading, and no more. */
export async function readSeen(key: ArchiveKey, store: string): Promise<Seen> {
  const found = await readIfThere<SeenDocument>('storeSeen', seenFile(key));
  const { refs = {}, removed = {}, documents = {} } = found?.store === store ? found : {};
  return {
    refs: new Map(Object.entries(refs)),
    removed: new Map(Object.entries(removed)),
    documents: new Map(Object.entries(documents)),
  };
}

/** For {@link ReadOptions}: whether the store of an archive had a manifest, whichever store it was. */
export async function elsewhereFor(key: ArchiveKey): Promise<NonNullable<ReadOptions['isElsewhere']>> {
  const found = await readIfThere<SeenDocument>('storeSeen', seenFile(key));
  const manifests = new Set(Object.values(found?.refs ?? {}).map(({ manifest }) => manifest.sha256));
  return (manifest) => manifests.has(manifest);
}

/** As it is remembered: equal texts say the same. */
export function formatSeen(store: string, { refs, removed, documents }: Seen): string {
  const sorted = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
    Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return sealJson({
    schema: 1,
    store,
    refs: sorted(refs),
    ...(removed.size === 0 ? {} : { removed: sorted(removed) }),
    documents: sorted(documents),
  });
}

export const writeSeen = async (key: ArchiveKey, text: string): Promise<void> =>
  await writeFileAtomic(seenFile(key), text);
