/** Takes away deltas that nobody requires any more. */
import { withLock } from '../../io/lock.ts';
import { cleanUp } from './pending.ts';
import { readProofs, writeProofs } from './proofs.ts';
import { repositoryLock, requireRepository, type OstreeRepository } from './repository.ts';
import { deleteDelta, deltaName, listDeltas, type CommitPair } from './static-delta.ts';
import { requireSummaryKey, requireWorkingKey, updateSummary } from './summary.ts';

/**
 * The deltas in the repository that are not among the required ones; those from nothing (first installs) do not count.
 */
export async function unrequiredDeltas(
  repo: OstreeRepository,
  required: readonly CommitPair[],
  signal?: AbortSignal,
): Promise<CommitPair[]> {
  const names = new Set(required.map(deltaName));
  return (await listDeltas(repo, signal)).filter((pair) => !names.has(deltaName(pair)));
}

/**
 * Deletes deltas and updates the summary. A client that read the old summary
 * finds the delta gone and fetches objects instead.
 *
 * @throws ReleasePlanError `ostree-repo-missing`, `ostree-summary-signed`, `ostree-key-unusable`, `locked`, `disk-full`
 */
export async function pruneDeltas(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  options: { waitMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  await requireRepository(repo);
  requireSummaryKey(repo);
  if (pairs.length === 0) return;
  await requireWorkingKey(repo, options.signal);
  await withLock(repositoryLock(repo), `pruning static deltas of ${repo.path}`, options, async () => {
    // What a killed run left unproven must not get into the summary.
    await cleanUp(repo, []);
    const proofs = await readProofs(repo);
    for (const pair of pairs) {
      await deleteDelta(repo, pair);
      proofs.delete(deltaName(pair));
    }
    await updateSummary(repo, options.signal);
    await writeProofs(repo, proofs);
  });
}
