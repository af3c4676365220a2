/**
 * Static deltas in an OSTree repository: made with the real `ostree`, proven
 * by a client, then shown to devices. What the steps and commands use of
 * delta/ostree/.
 */
import type { OstreeSettings } from '../model/plan.ts';
import { readProofs } from './ostree/proofs.ts';
import { isGenerated } from './ostree/static-delta.ts';
import { mergeSizes, readStats, writeStats, type DeltaSize, type StatsRef } from './ostree/stats.ts';
import type { OstreeRepository } from './ostree/repository.ts';

export { looseBytes } from './ostree/loose.ts';
export { makeDeltas, type MadeDelta, type MakeOptions } from './ostree/make.ts';
export { pruneDeltas, unrequiredDeltas } from './ostree/prune.ts';
export { commitProblem, commitTimes, repositoryLock, requireRepository, resolveRef, type OstreeRepository } from './ostree/repository.ts';
export { deltaStates, problemOf, type DeltaState } from './ostree/state.ts';
export { deltaName, type CommitPair } from './ostree/static-delta.ts';
export type { StatsRef } from './ostree/stats.ts';

/** The repository that a plan names. */
export const repositoryOf = ({ repo, gpgKey, gpgHomedir }: OstreeSettings): OstreeRepository => ({
  path: repo,
  ...(gpgKey === undefined ? {} : { gpgKey }),
  ...(gpgHomedir === undefined ? {} : { gpgHomedir }),
});

/**
 * Writes the sizes of all proven deltas to some commits where devices look for
 * them, together with those that others made and the Targets already name.
 *
 * @param known what the Targets of a commit name as their statistics today
 * @returns what they are to name from now on, by target commit
 * @throws ReleasePlanError `ostree-stats-too-large`, `disk-full`
 */
export async function publishSizes(repo: OstreeRepository, commits: readonly string[], known: (to: string) => StatsRef | undefined): Promise<Map<string, StatsRef>> {
  const proofs = await readProofs(repo);
  const refs = new Map<string, StatsRef>();
  for (const to of new Set(commits)) {
    const proven = new Map<string, DeltaSize>([...proofs]
      .filter(([name]) => name.endsWith(`-${to}`))
      .map(([name, proof]) => [name.slice(0, 64), { size: proof.sizeBytes, u_size: proof.uncompressedBytes }]));
    const exists = (from: string): boolean => isGenerated(repo, { from, to });
    refs.set(to, await writeStats(repo, to, mergeSizes(await readStats(repo, to, known(to)), proven, exists)));
  }
  return refs;
}
