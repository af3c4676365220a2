import { readProofs } from './proofs.ts';
import type { OstreeRepository } from './repository.ts';
import { isGenerated } from './static-delta.ts';
import { mergeSizes, readStats, writeStats, type DeltaSize, type StatsRef } from './stats.ts';

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
