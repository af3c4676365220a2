/** Removes content from a store that nothing leads to any more, and what hosts left there that died. */
import type { ArchiveKey } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { allOf, FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { GRACE_MS, LOOK_MS } from './grace.ts';
import { subjectOf } from './names.ts';
import { objectsOf, type Reading } from './objects-of.ts';
import type { PruneStore, Store, StoredObject } from './store.ts';
import { clockOf, MARKED_MS, whileMarked } from './sweep-marks.ts';
import { openNamed } from './there.ts';

/** What was removed, or would be. */
export interface Swept {
  objects: number;
  bytes: number;
  /** Uploads that nobody goes on with. */
  uploads: number;
  /** Why nothing was removed. */
  problem?: string;
}

const NOTHING: Swept = { objects: 0, bytes: 0, uploads: 0 };

/** A claim covers a few small requests, or some minutes. */
const CLAIM_LEFT_MS = 86_400_000;
/** Objects that are looked at together. */
const BATCH = 100;

export interface Sweeping extends Reading {
  store: PruneStore;
}

/**
 * Removes objects that no ref of any product leads to, and nothing in the trash, once they are older than the grace
 * time. Where it cannot be told what some ref leads to, nothing is removed.
 *
 * @throws ReleasePlanError `server-*`
 */
export async function sweep(sweeping: Sweeping, { dryRun }: { dryRun: boolean }): Promise<Swept> {
  const { store, signal } = sweeping;
  const beganMs = performance.now();
  let named: ReadonlySet<string>;
  try {
    named = await namedObjects(sweeping);
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'store-damaged') throw error;
    return { ...NOTHING, problem: error.message };
  }
  const nowMs = await clockOf(store);
  const old = (await allOf(store.objects())).filter(
    ({ sha256, modifiedAtMs }) => !named.has(sha256) && nowMs - modifiedAtMs >= GRACE_MS,
  );
  if (dryRun) return { ...sumOf(old), uploads: 0 };
  const removed: StoredObject[] = [];
  for (let at = 0; at < old.length && performance.now() - beganMs < LOOK_MS; at += BATCH) {
    signal.throwIfAborted();
    removed.push(...(await removeOld(sweeping, old.slice(at, at + BATCH))));
  }
  await removeLeftClaims(store, nowMs);
  return { ...sumOf(removed), uploads: await store.abandonUploads(nowMs - GRACE_MS) };
}

const sumOf = (objects: readonly StoredObject[]): Pick<Swept, 'objects' | 'bytes'> => ({
  objects: objects.length,
  bytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
});

/** Each is looked at once more under a mark: another host may have made it young, to name it. */
async function removeOld({ store, signal }: Sweeping, candidates: readonly StoredObject[]): Promise<StoredObject[]> {
  return await whileMarked(store, async () => {
    const markedMs = performance.now();
    const removed = await severalAtOnce(candidates, FILES_AT_ONCE, async (one) => {
      if (signal.aborted || performance.now() - markedMs > MARKED_MS) return [];
      const ageMs = await store.ageMs(one);
      // One that does not say its age is not known to be old.
      if (ageMs === undefined || !(ageMs >= GRACE_MS) || performance.now() - markedMs > MARKED_MS) return [];
      await store.removeObject(one);
      return [one];
    });
    return removed.flat();
  });
}

/** What claims hosts left that died. */
async function removeLeftClaims(store: PruneStore, nowMs: number): Promise<void> {
  for (const { name, modifiedAtMs } of await allOf(store.list('claims')))
    if (nowMs - modifiedAtMs > CLAIM_LEFT_MS) await store.remove(name);
}

/**
 * Digests of everything that some ref leads to, of whichever product, or what is in the trash.
 *
 * @throws ReleasePlanError `store-damaged` when that cannot be told
 */
async function namedObjects(sweeping: Sweeping): Promise<Set<string>> {
  const { plan, store, signal } = sweeping;
  const named = new Set<string>();
  const names = await allOf(store.list('refs'));
  await severalAtOnce(names, FILES_AT_ONCE, async ({ name }) => {
    signal.throwIfAborted();
    const [, machine = '', image = ''] = name.split('/');
    const key: ArchiveKey = { artifacts: plan.artifacts, machine, image };
    const subject = subjectOf(key, name);
    if (subject === undefined) throw unknown(store, name);
    const revision = await store.read(name);
    if (revision === undefined) throw unknown(store, name);
    const found = await openNamed(store, { subject, name }, revision);
    const ref = 'ref' in found ? found.ref : found.removed.emptiedAt === undefined ? found.removed : undefined;
    if (ref === undefined) return;
    for (const { sha256 } of await objectsOf(sweeping, key, subject, ref)) named.add(sha256);
  });
  return named;
}

const unknown = ({ address }: Store, name: string): ReleasePlanError =>
  new ReleasePlanError('store-damaged', `${address}/${name} is not a name of a version or an update`);
