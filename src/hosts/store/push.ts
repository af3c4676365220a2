/** Brings an archive's folder into a store: content first, then its names, each at once. */
import { join } from 'node:path';
import { HEADERS_ALONE } from '../../archive/manifest.ts';
import { requireWhole } from '../../archive/readable.ts';
import type { Ref } from '../../archive/store-seen.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { LocalFile } from '../../io/hash.ts';
import { entryHere, refHere } from './here.ts';
import { bySubject, folderOf, refName, subjectText, type Subject } from './names.ts';
import { formatRef, sameManifest } from './ref.ts';
import { sendObjects } from './send-objects.ts';
import type { Store } from './store.ts';
import { take } from './take.ts';
import {
  openNamed,
  refThere,
  refuseDifferences,
  type Difference,
  type RemovedThere,
  type StoreContents,
  type There,
} from './there.ts';
import type { Moved, Transfer } from './transfer.ts';

/** Something that the store lacks. */
interface Due {
  subject: Subject;
  ref: Ref;
  /** What its name has in the store until now; undefined for nothing. */
  before: There | undefined;
}

/** What is to be done about the subjects of a folder. */
export interface PushPlan {
  due: Due[];
  present: Subject[];
  /** Removed from the store by gc; they are not sent again. */
  removed: Subject[];
}

/**
 * Compares the folder with the store; reads manifests alone.
 *
 * @throws ReleasePlanError `store-differs`; `store-removed` for a version that waits in the store's trash with other
 *   bytes
 */
export async function planPush(
  { plan, store, seen }: Transfer,
  subjects: readonly Subject[],
  { there, removed }: StoreContents,
): Promise<PushPlan> {
  const found: PushPlan = { due: [], present: [], removed: [] };
  const differences: Difference[] = [];
  for (const subject of subjects.toSorted(bySubject)) {
    const ref = await refHere(plan, subject);
    // Half of a version that a build stored in place: archived by the next apply.
    if (ref === undefined) continue;
    const name = refName(plan, subject);
    const before = there.get(name);
    const gone = removed.get(name);
    if (gone !== undefined && sameManifest(ref, gone.removed)) found.removed.push(subject);
    else if (gone !== undefined) {
      requireNotInTrash(gone, store, ANOTHER);
      found.due.push({ subject, ref, before });
    } else if (before === undefined) found.due.push({ subject, ref, before });
    else if (sameManifest(ref, before.ref)) {
      // Signed since: the store gets the signature. One that it has is as good.
      if (before.ref.signature === undefined && ref.signature !== undefined) found.due.push({ subject, ref, before });
      else {
        seen.refs.set(name, before.ref);
        found.present.push(subject);
      }
    } else if (isMadeAnew(subject, before, seen.refs.get(name))) found.due.push({ subject, ref, before });
    else differences.push({ name, here: ref.manifest.sha256, there: before.ref.manifest.sha256 });
  }
  refuseDifferences(differences, store);
  return found;
}

/** Updates follow the plan: one that was made anew here takes the place of the one that it was made anew of. */
const isMadeAnew = ({ kind }: Subject, before: There, last: Ref | undefined): boolean =>
  kind !== 'version' && last !== undefined && sameManifest(before.ref, last);

/**
 * Sends what is due. Interrupted, it goes on where it stopped: content that is there is not sent again, and what has
 * no name yet is visible to nobody.
 *
 * @throws ReleasePlanError `archive-damaged`, `archive-unreadable` before it has a name; `store-differs`,
 *   `store-damaged`, `server-*`
 */
export async function push(transfer: Transfer, { due, present }: PushPlan): Promise<Moved[]> {
  const moved: Moved[] = present.map((subject) => ({ subject, state: 'present', movedBytes: 0 }));
  for (const one of due) {
    transfer.signal.throwIfAborted();
    transfer.onSubject(subjectText(one.subject));
    moved.push({ subject: one.subject, state: 'moved', movedBytes: await pushOne(transfer, one) });
  }
  return moved;
}

/** Of a version that was built here while it waited there. */
const ANOTHER = ', and was built with other bytes';

async function pushOne(transfer: Transfer, { subject, ref, before }: Due): Promise<number> {
  const { plan, store, signal, seen } = transfer;
  const { manifest } = requireWhole(
    await entryHere(plan, subject, { ...HEADERS_ALONE, signal }),
    () => new ReleasePlanError('archive-damaged', 'it was removed meanwhile'),
  );
  const { dir, manifest: manifestName, signature: signatureName = '' } = folderOf(plan, subject);
  const files: LocalFile[] = [
    ...manifest.files.map(({ path, sizeBytes, sha256 }) => ({ path: join(dir, path), sizeBytes, sha256 })),
    { path: join(dir, manifestName), ...ref.manifest },
    ...(ref.signature === undefined ? [] : [{ path: join(dir, signatureName), ...ref.signature }]),
  ];
  const sentBytes = await sendObjects(transfer, files);
  const name = refName(plan, subject);
  const bytes = formatRef(ref);
  const current = await store.read(name);
  const now = current === undefined ? undefined : await openNamed(store, { subject, name }, current);
  if (now !== undefined && 'removed' in now) {
    if (sameManifest(now.removed, ref)) throw removedMeanwhile(now, store);
    requireNotInTrash(now, store, ANOTHER);
  } else if (now !== undefined && before !== undefined && !sameManifest(now.ref, before.ref))
    throw lost(transfer, name, ref, now.ref);
  // What is there now and was not when it was decided is another host's.
  const isSeen = before !== undefined || (now !== undefined && 'removed' in now);
  const taken = await take(store, name, bytes, isSeen ? current : undefined, signal);
  if (taken.state === 'lost') {
    const now = await refThere(store, plan, subject);
    // Two hosts that pushed the same: the other one's signature is as good as this one's.
    if (now === undefined || !sameManifest(now.ref, ref)) throw lost(transfer, name, ref, now?.ref);
    seen.refs.set(name, now.ref);
  } else {
    const { tag } = taken.revision;
    seen.refs.set(name, { ...ref, ...(tag === undefined ? {} : { tag }) });
  }
  seen.removed.delete(name);
  return sentBytes;
}

/**
 * Released is released: while a version can be restored, no other takes its name.
 *
 * @param what of the other, where it is built
 * @throws ReleasePlanError `store-removed`
 */
export function requireNotInTrash({ subject, removed }: RemovedThere, { address }: Store, what: string): void {
  if (subject.kind !== 'version' || removed.emptiedAt !== undefined) return;
  throw new ReleasePlanError(
    'store-removed',
    `${subject.version} is in the trash of ${address} since ${removed.removedAt}${what}`,
  );
}

const removedMeanwhile = ({ subject, removed }: RemovedThere, { address }: Store): ReleasePlanError =>
  new ReleasePlanError('store-removed', `${subjectText(subject)} was removed from ${address} at ${removed.removedAt}`);

function lost({ store }: Transfer, name: string, here: Ref, there: Ref | undefined): ReleasePlanError {
  const found = there === undefined ? 'nothing' : `the sha256 ${there.manifest.sha256}`;
  return new ReleasePlanError(
    'store-differs',
    `${name}: another host gave it ${found} in ${store.address} meanwhile, here it has ${here.manifest.sha256}`,
  );
}
