/** What a store has of a product. */
import type { ArchiveKey } from '../../archive/layout.ts';
import type { Seen, SeenRef, SeenRemoval } from '../../archive/store-seen.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Revision } from '../../io/revision.ts';
import { allOf, FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { refName, refsFolder, subjectOf, type Subject } from './names.ts';
import { parseNamed } from './ref.ts';
import type { Store } from './store.ts';

/** What has a name in the store. */
export interface There {
  subject: Subject;
  name: string;
  ref: SeenRef;
}

/** What gc removed from the store. */
export interface RemovedThere {
  subject: Subject;
  name: string;
  removed: SeenRemoval;
}

/** What a store has of a product, by name. */
export interface StoreContents {
  there: Map<string, There>;
  removed: Map<string, RemovedThere>;
}

/**
 * Lists the refs of a product, and reads those that are not as they were seen before.
 *
 * @param seen is brought up to date with what was removed
 * @param onStranger told of names that are none of ours
 * @throws ReleasePlanError `store-damaged`, `server-*`
 */
export async function contentsOf(
  store: Store,
  key: ArchiveKey,
  seen: Seen,
  onStranger: (name: string) => void = () => undefined,
): Promise<StoreContents> {
  const names = await allOf(store.list(refsFolder(key)));
  const found = await severalAtOnce(names, FILES_AT_ONCE, async ({ name, tag }) => {
    const subject = subjectOf(key, name);
    if (subject === undefined) {
      onStranger(name);
      return undefined;
    }
    const [ref, removed] = [seen.refs.get(name), seen.removed.get(name)];
    if (ref?.tag !== undefined && ref.tag === tag) return { subject, name, ref };
    if (removed?.tag !== undefined && removed.tag === tag) return { subject, name, removed };
    return await namedThere(store, key, subject);
  });
  const contents = contentsWith(found);
  seen.removed.clear();
  for (const { name, removed } of contents.removed.values()) seen.removed.set(name, removed);
  return contents;
}

/** As {@link contentsOf}, of some subjects alone. */
export async function contentsFor(store: Store, key: ArchiveKey, subjects: readonly Subject[]): Promise<StoreContents> {
  return contentsWith(await severalAtOnce(subjects, FILES_AT_ONCE, async (one) => await namedThere(store, key, one)));
}

function contentsWith(found: ReadonlyArray<There | RemovedThere | undefined>): StoreContents {
  const contents: StoreContents = { there: new Map(), removed: new Map() };
  for (const one of found) {
    if (one === undefined) continue;
    if ('ref' in one) contents.there.set(one.name, one);
    else contents.removed.set(one.name, one);
  }
  return contents;
}

/** What stands under one name; undefined for nothing. @throws ReleasePlanError `store-damaged`, `server-*` */
export async function namedThere(
  store: Store,
  key: ArchiveKey,
  subject: Subject,
): Promise<There | RemovedThere | undefined> {
  const name = refName(key, subject);
  const revision = await store.read(name);
  return revision === undefined ? undefined : await openNamed(store, { subject, name }, revision);
}

/** @throws ReleasePlanError `store-damaged` */
export async function openNamed(
  store: Store,
  { subject, name }: { subject: Subject; name: string },
  { bytes, tag }: Revision,
): Promise<There | RemovedThere> {
  const named = await parseNamed(bytes, `${store.address}/${name}`);
  const tagged = tag === undefined ? {} : { tag };
  return 'ref' in named
    ? { subject, name, ref: { ...named.ref, ...tagged } }
    : { subject, name, removed: { ...named.removed, ...tagged } };
}

/**
 * One ref; undefined for what the store has not, or has no more.
 *
 * @throws ReleasePlanError `store-damaged`, `server-*`
 */
export async function refThere(store: Store, key: ArchiveKey, subject: Subject): Promise<There | undefined> {
  const found = await namedThere(store, key, subject);
  return found !== undefined && 'ref' in found ? found : undefined;
}

/** Something has one name and two contents, here and in the store. */
export interface Difference {
  name: string;
  here: string;
  there: string;
}

/** @throws ReleasePlanError `store-differs` when there are any */
export function refuseDifferences(differences: readonly Difference[], store: Store): void {
  if (differences.length === 0) return;
  const lines = differences.map(
    ({ name, here, there }) => `${name}: sha256 ${there} in ${store.address}, ${here} in this archive`,
  );
  throw new ReleasePlanError('store-differs', lines.join('\n'));
}
