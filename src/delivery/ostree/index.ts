/**
 * Static deltas in an OSTree repository: made with the real `ostree`, proven
 * by a client, then shown to devices. What the steps and commands use of
 * delta/ostree/.
 */
import type { OstreeSettings } from '../../core/plan.ts';
import { readProofs } from './proofs.ts';
import { isGenerated } from './static-delta.ts';
import { mergeSizes, readStats, writeStats, type DeltaSize, type StatsRef } from './stats.ts';
import type { OstreeRepository } from './repository.ts';

export { looseBytes } from './loose.ts';
export { makeDeltas, type MadeDelta, type MakeOptions } from './make.ts';
export { pruneDeltas, unrequiredDeltas } from './prune.ts';
export {
  commitProblem,
  commitTimes,
  repositoryLock,
  requireRepository,
  resolveRef,
  type OstreeRepository,
} from './repository.ts';
export { deltaStates, problemOf, type DeltaState } from './state.ts';
export { deltaName, type CommitPair } from './static-delta.ts';
export type { StatsRef } from './stats.ts';

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
export async function publishSizes(
  repo: OstreeRepository,
  commits: readonly string[],
  known: (to: string) => StatsRef | undefined,
): Promise<Map<string, StatsRef>> {
  const proofs = await readProofs(repo);
  const refs = new Map<string, StatsRef>();
  for (const to of new Set(commits)) {
    const proven = new Map<string, DeltaSize>(
      [...proofs]
        .filter(([name]) => name.endsWith(`-${to}`))
        .map(([name, proof]) => [name.slice(0, 64), { size: proof.sizeBytes, u_size: proof.uncompressedBytes }]),
    );
    const exists = (from: string): boolean => isGenerated(repo, { from, to });
    refs.set(to, await writeStats(repo, to, mergeSizes(await readStats(repo, to, known(to)), proven, exists)));
  }
  return refs;
}
