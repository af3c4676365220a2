/** Brings content into a store that is about to be named, so that it is there when it is. */
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile, type LocalFile } from '../../io/hash.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { LOOK_MS, YOUNG_MS } from './grace.ts';
import { sweepsEnded } from './sweep-marks.ts';
import type { Transfer } from './transfer.ts';

/**
 * Sends what is missing; of what is there makes young what gc could remove before it has a name.
 *
 * @returns the bytes that were sent
 * @throws ReleasePlanError `archive-damaged`, `store-damaged`, `server-*`
 */
export async function sendObjects(transfer: Transfer, files: readonly LocalFile[]): Promise<number> {
  const { store, signal } = transfer;
  const distinct = [...new Map(files.map((file) => [file.sha256, file])).values()];
  for (let sentBytes = 0; ;) {
    const beganMs = performance.now();
    const states = await severalAtOnce(distinct, FILES_AT_ONCE, async (file) => await settle(transfer, file));
    sentBytes += states.reduce((sum, state, at) => sum + (state === 'sent' ? (distinct[at]?.sizeBytes ?? 0) : 0), 0);
    const touched = distinct.filter((_, at) => states[at] === 'touched');
    if (touched.length > 0) {
      // After it was made young: who looked at it before and found it old has said so by now, or has removed it.
      if (await sweepsEnded(store, signal)) continue;
      const ages = await severalAtOnce(touched, FILES_AT_ONCE, async (file) => await store.ageMs(file));
      if (ages.includes(undefined)) continue;
    }
    if (performance.now() - beganMs < LOOK_MS) return sentBytes;
  }
}

async function settle({ store, signal, onBytes }: Transfer, file: LocalFile): Promise<'sent' | 'touched' | 'present'> {
  signal.throwIfAborted();
  const ageMs = await store.ageMs(file);
  if (ageMs === undefined) {
    await requireUnchanged(file, signal);
    await store.put(file, onBytes);
    return 'sent';
  }
  if (ageMs < YOUNG_MS) return 'present';
  // Some servers take a copy onto itself for nothing done.
  if ((await store.touch(file)) && ((await store.ageMs(file)) ?? NaN) < YOUNG_MS) return 'touched';
  await requireUnchanged(file, signal);
  await store.put(file, onBytes);
  return 'touched';
}

/** Nothing leaves that is not what the manifest says. */
async function requireUnchanged({ path, sha256 }: LocalFile, signal: AbortSignal): Promise<void> {
  const found = await digestFile(path, signal);
  if (found.sha256 === sha256) return;
  throw new ReleasePlanError('archive-damaged', `${path} was modified: sha256 ${found.sha256}, expected ${sha256}`);
}
