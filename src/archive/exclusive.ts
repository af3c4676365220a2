import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { whileAnchored } from '../io/anchor.ts';
import { cleanStaging } from '../io/atomic.ts';
import { tryLock, withLock } from '../io/lock.ts';
import { ifPresent } from '../io/present.ts';
import { cleanScratch } from '../io/scratch.ts';
import { openArchive, wentAway, type ArchiveMode, type ArchivePlan } from './identity.ts';
import { takeInventory } from './inventory.ts';
import {
  changedDir,
  explainedDir,
  lockFile,
  productDir,
  reportFile,
  runsDir,
  updatesDir,
  versionDir,
  workersLockFile,
  type PlanKey,
} from './layout.ts';

export interface ExclusiveOptions extends Partial<ArchiveMode> {
  /** How long to wait for another run that holds the archive; 0 leaves at once. */
  waitMs: number;
  signal: AbortSignal;
}

/**
 * Runs `body` under the lock of the product's archive, cleared of what an interrupted run left.
 *
 * @param what who holds the lock, in words
 * @throws ReleasePlanError `locked`, `interrupted`, `archive-lost`, `archive-other`
 */
export async function withArchive<T>(
  plan: ArchivePlan,
  what: string,
  { waitMs, signal, isUnattended = false, isNew = false }: ExclusiveOptions,
  body: (archiveId: string) => Promise<T>,
): Promise<T> {
  // Before the lock, whose file would start an archive in an empty mount point.
  const id = await openArchive(plan, { isUnattended, isNew });
  return await whileAnchored(
    plan.artifacts,
    () => wentAway(plan, id),
    async () =>
      await withLock(lockFile(plan), what, { waitMs, signal }, async () => {
        await cleanLeftovers(plan);
        return await body(id);
      }),
  );
}

/** How long a worker waits for a run that cleans up. */
const CLEANING_MS = 60_000;

/**
 * Runs `body`, which writes into the archive for a run on another host. That
 * one holds the archive; what is unfinished here is left alone meanwhile.
 *
 * @throws ReleasePlanError `locked`, `interrupted`
 */
export async function withSharedArchive<T>(plan: PlanKey, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  const options = { isShared: true, waitMs: CLEANING_MS, signal };
  return await withLock(workersLockFile(plan), 'worker', options, body);
}

/** What an interrupted run left half done. Nothing of it has a final name. */
async function cleanLeftovers(plan: PlanKey): Promise<void> {
  await cleanScratch();
  const workers = workersLockFile(plan);
  if ((await ifPresent(stat(workers))) === undefined) return await cleanFolders(plan);
  const lock = await tryLock(workers);
  // Workers are writing: what is unfinished may be theirs. A later run cleans up.
  if (lock === undefined) return;
  try {
    await cleanFolders(plan);
  } finally {
    await lock.release();
  }
}

async function cleanFolders(plan: PlanKey): Promise<void> {
  const { versions } = await takeInventory(plan);
  const folders = [
    productDir(plan),
    dirname(reportFile(plan, 'json')),
    runsDir(plan),
    explainedDir(plan),
    changedDir(plan),
    ...versions.flatMap((one) => [versionDir(plan, one), updatesDir(plan, one)]),
  ];
  for (const folder of folders) await cleanStaging(folder);
}
