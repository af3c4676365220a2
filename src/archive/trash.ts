/** What gc takes out of the archive waits in a folder of it, in the archive's own layout, until it is emptied. */
import { lstat, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plan } from '../core/plan.ts';
import { STAGING_PREFIX, cleanStaging, makeFolder, syncPath } from '../io/atomic.ts';
import { attributed } from '../io/attribute.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { BLOCK_BYTES } from '../io/space.ts';
import { timeInNames } from '../text/timestamp.ts';
import { productDir, type ArchiveKey } from './layout.ts';

/** Where it waits; to restore something, move it back to the same path below the product's folder. */
export const trashDir = (key: ArchiveKey): string => join(productDir(key), '.trash');

/** One run of gc, by its time. */
export interface TrashBatch {
  dir: string;
  /** Milliseconds of the epoch. */
  movedAtMs: number;
}

function movedAt(name: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Moves folders of the archive into the trash, each by one rename. Interrupted,
 * some have moved and the others stand where they stood.
 *
 * @param places paths below the product's folder
 * @returns the folder that they now lie in
 */
export async function moveToTrash(key: ArchiveKey, places: readonly string[], at: Date): Promise<string> {
  const batch = await batchFor(key, places, at);
  for (const place of places) {
    const [from, to] = [join(productDir(key), place), join(batch, place)];
    // A folder that loses a name is written too.
    await attributed(to, async () => await move(from, to), BLOCK_BYTES, { within: productDir(key) });
  }
  return batch;
}

/** The batch of a time, or of the second after it where the same was moved and restored within this one. */
async function batchFor(key: ArchiveKey, places: readonly string[], at: Date): Promise<string> {
  const batch = join(trashDir(key), timeInNames(at.toISOString()));
  for (const place of places)
    if ((await ifPresent(lstat(join(batch, place)))) !== undefined)
      return await batchFor(key, places, new Date(at.getTime() + 1000));
  return batch;
}

async function move(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await rename(from, to);
  // The new name first: after a power failure it stands under one of the two.
  await syncPath(dirname(to));
  await syncPath(dirname(from));
}

/** Days that the trash is kept where the plan has no retention any more. */
const DEFAULT_TRASH_MS = 30 * 86_400_000;

/** How long something waits in the trash. */
export const trashMsOf = ({ retention }: Pick<Plan, 'retention'>): number => retention?.trashMs ?? DEFAULT_TRASH_MS;

/** What is in the trash, oldest first. Folders that nobody but people made are not listed, and never removed. */
export async function listTrash(key: ArchiveKey): Promise<TrashBatch[]> {
  const batches = (await namesIn(trashDir(key))).map((name) => ({
    dir: join(trashDir(key), name),
    movedAtMs: movedAt(name),
  }));
  return batches.filter((one) => !Number.isNaN(one.movedAtMs)).sort((a, b) => a.movedAtMs - b.movedAtMs);
}

/** The batches that have waited for long enough. Pure. */
export const expiredBatches = (
  batches: readonly TrashBatch[],
  { nowMs, trashMs }: { nowMs: number; trashMs: number },
): TrashBatch[] => batches.filter((one) => nowMs - one.movedAtMs >= trashMs);

/** Removes batches for good, and what an interrupted removal left. */
export async function removeBatches(key: ArchiveKey, batches: readonly TrashBatch[]): Promise<void> {
  await cleanStaging(trashDir(key));
  for (const { dir, movedAtMs } of batches) {
    // Renamed first, so that nobody restores a folder that is half removed.
    const doomed = join(trashDir(key), `${STAGING_PREFIX}${movedAtMs}`);
    await attributed(doomed, async () => await rename(dir, doomed), BLOCK_BYTES);
    await rm(doomed, { recursive: true, force: true });
  }
}
