/** What a store has of a product. */
import type { ArchiveKey } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { allOf, FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { refName, refsFolder, subjectOf, type Subject } from './names.ts';
import { parseRef } from './ref.ts';
import type { Seen, SeenRef } from '../../archive/store-seen.ts';
import type { Store } from './store.ts';

/** What has a name in the store. */
export interface There {
  subject: Subject;
  name: string;
  ref: SeenRef;
}

/**
 * Lists the refs of a product, and reads those that are not as they were seen before.
 *
 * @param onStranger told of names that are none of ours
 * @throws ReleasePlanError `store-damaged`, `server-*`
 */
export async function refsThere(
  store: Store,
  key: ArchiveKey,
  seen: Seen,
  onStranger: (name: string) => void = () => undefined,
): Promise<Map<string, There>> {
  const names = await allOf(store.list(refsFolder(key)));
  const found = await severalAtOnce(names, FILES_AT_ONCE, async ({ name, tag }): Promise<There | undefined> => {
    const subject = subjectOf(key, name);
    if (subject === undefined) {
      onStranger(name);
      return undefined;
    }
    const known = seen.refs.get(name);
    if (known?.tag !== undefined && known.tag === tag) return { subject, name, ref: known };
    return await refThere(store, key, subject);
  });
  return new Map(found.flatMap((one) => (one === undefined ? [] : [[one.name, one]])));
}

/** One ref; undefined for what the store has not. @throws ReleasePlanError `store-damaged`, `server-*` */
export async function refThere(store: Store, key: ArchiveKey, subject: Subject): Promise<There | undefined> {
  const name = refName(key, subject);
  const revision = await store.read(name);
  if (revision === undefined) return undefined;
  const { tag } = revision;
  const ref = await parseRef(revision.bytes, `${store.address}/${name}`);
  return { subject, name, ref: { ...ref, ...(tag === undefined ? {} : { tag }) } };
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
