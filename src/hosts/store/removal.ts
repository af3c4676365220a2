/** What gc takes out of a store: the name says so from then on, and what it led to waits to be restored. */
import { tryLock } from '../../io/lock.ts';
import { fullPlace, updatePlace } from '../../archive/inventory.ts';
import { lockFile } from '../../archive/layout.ts';
import type { Removed } from '../../archive/store-seen.ts';
import { moveToTrash } from '../../archive/trash.ts';
import { refHere } from './here.ts';
import { bySubject, subjectText, versionOf, type Subject } from './names.ts';
import { formatRef, formatRemoved, sameManifest } from './ref.ts';
import { take } from './take.ts';
import { openNamed, type RemovedThere, type StoreContents, type There } from './there.ts';
import type { Transfer } from './transfer.ts';

/**
 * What is to leave the store with some subjects: everything that is made of a version goes with it, also what another
 * host sent while its version was removed. What is made of a version comes before it. Pure.
 */
export function removalOf({ there, removed }: StoreContents, isDoomed: (subject: Subject) => boolean): There[] {
  const gone = new Set(
    [...removed.values()].flatMap(({ subject }) => (subject.kind === 'version' ? [subject.version] : [])),
  );
  const doomed = [...there.values()].filter(
    ({ subject }) =>
      isDoomed(subject) ||
      isDoomed({ kind: 'version', version: versionOf(subject) }) ||
      (subject.kind !== 'version' && gone.has(versionOf(subject))),
  );
  return doomed.toSorted((a, b) => bySubject(b.subject, a.subject));
}

/**
 * Takes something out of a store in one request, on condition that it is what was seen. Its content stays.
 *
 * @returns false for what another host changed since
 */
export async function remove(transfer: Transfer, { subject, name, ref }: There, at: Date): Promise<boolean> {
  const { manifest, signature } = ref;
  const removed: Removed = {
    manifest,
    ...(signature === undefined ? {} : { signature }),
    removedAt: at.toISOString(),
  };
  return await replaceName(transfer, { subject, name }, formatRemoved(removed), (found) =>
    'ref' in found ? sameManifest(found.ref, ref) : false,
  );
}

/** Gives back a name that was taken away. @returns false for what another host changed since */
export async function restore(transfer: Transfer, { subject, name, removed }: RemovedThere): Promise<boolean> {
  return await replaceName(transfer, { subject, name }, formatRef(removed), (found) =>
    'removed' in found ? sameManifest(found.removed, removed) && found.removed.emptiedAt === undefined : false,
  );
}

/** From here on nothing keeps the content of what was removed; the name goes on saying that it was. */
export async function empty(transfer: Transfer, { subject, name, removed }: RemovedThere, at: Date): Promise<boolean> {
  const { tag: _tag, ...before } = removed;
  return await replaceName(
    transfer,
    { subject, name },
    formatRemoved({ ...before, emptiedAt: at.toISOString() }),
    (found) => ('removed' in found ? sameManifest(found.removed, removed) : false),
  );
}

async function replaceName(
  { store, seen, signal }: Transfer,
  { subject, name }: { subject: Subject; name: string },
  bytes: Buffer,
  isAsSeen: (found: There | RemovedThere) => boolean,
): Promise<boolean> {
  const current = await store.read(name);
  if (current === undefined || !isAsSeen(await openNamed(store, { subject, name }, current))) return false;
  const taken = await take(store, name, bytes, current, signal);
  if (taken.state === 'lost') return false;
  const now = await openNamed(store, { subject, name }, taken.revision);
  seen.refs.delete(name);
  seen.removed.delete(name);
  if ('ref' in now) seen.refs.set(name, now.ref);
  else seen.removed.set(name, now.removed);
  return true;
}

/** Those that may be emptied: they have waited for long enough. Pure. */
export const expired = (
  { removed }: StoreContents,
  { nowMs, trashMs }: { nowMs: number; trashMs: number },
): RemovedThere[] =>
  [...removed.values()].filter(
    ({ removed: { removedAt, emptiedAt } }) => emptiedAt === undefined && nowMs - Date.parse(removedAt) >= trashMs,
  );

/** What the folder here has still, and gc took out of the store; that of a version goes with the version. */
async function stillHere({ plan }: Transfer, { removed }: StoreContents): Promise<RemovedThere[]> {
  const found: RemovedThere[] = [];
  for (const one of removed.values()) {
    const here = await refHere(plan, one.subject);
    if (here !== undefined && sameManifest(here, one.removed)) found.push(one);
  }
  const versions = new Set(found.flatMap(({ subject }) => (subject.kind === 'version' ? [subject.version] : [])));
  return found.filter(({ subject }) => subject.kind === 'version' || !versions.has(versionOf(subject)));
}

const placeOf = (subject: Subject): string => {
  switch (subject.kind) {
    case 'version':
      return subject.version;
    case 'full':
      return fullPlace(subject.version);
    case 'update':
      return updatePlace(subject);
  }
};

/**
 * Moves into the trash of the folder what gc, on whichever host, took out of the store. For whoever holds the archive.
 *
 * @returns them in words
 */
export async function followRemovals(transfer: Transfer, contents: StoreContents): Promise<string[]> {
  const gone = await stillHere(transfer, contents);
  if (gone.length === 0) return [];
  await moveToTrash(
    transfer.plan,
    gone.map(({ subject }) => placeOf(subject)),
    new Date(),
  );
  for (const { name } of gone) transfer.seen.refs.delete(name);
  return gone.map(({ subject }) => subjectText(subject));
}

/** As {@link followRemovals}, for commands that only look: what a run holds is left to that run. */
export async function followRemovalsUnheld(transfer: Transfer, contents: StoreContents): Promise<void> {
  if ((await stillHere(transfer, contents)).length === 0) return;
  const lock = await tryLock(lockFile(transfer.plan));
  if (lock === undefined) return;
  try {
    await followRemovals(transfer, contents);
  } finally {
    await lock.release();
  }
}
