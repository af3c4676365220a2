/** What a repository holds of the deltas that are asked for. */
import { advertisedDeltas } from './summary.ts';
import { readProofs, type DeltaProof } from './proofs.ts';
import type { OstreeRepository } from './repository.ts';
import { deltaName, isGenerated, showDelta, superblockDigest, type CommitPair } from './static-delta.ts';

/** The state of one static delta. */
export type DeltaState =
  | { state: 'absent' }
  /** It is there and nobody has shown that it applies. */
  | { state: 'unproven' }
  /** It cannot be read: every client that tries it fails, also those that could do without. */
  | { state: 'broken'; problem: string }
  /** It applies; whether clients can see it is another matter. */
  | { state: 'proven'; proof: DeltaProof; isAdvertised: boolean };

/**
 * The state of each pair, in order. Every delta is read with all its parts:
 * a proof is of bits, and disks lose them.
 */
export async function deltaStates(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  signal?: AbortSignal,
): Promise<DeltaState[]> {
  const proofs = await readProofs(repo);
  const advertised = await advertisedDeltas(repo, signal);
  const states: DeltaState[] = [];
  for (const pair of pairs) states.push(await stateOf(repo, pair, proofs.get(deltaName(pair)), advertised, signal));
  return states;
}

async function stateOf(
  repo: OstreeRepository,
  pair: CommitPair,
  proof: DeltaProof | undefined,
  advertised: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<DeltaState> {
  if (!isGenerated(repo, pair)) return { state: 'absent' };
  const shown = await showDelta(repo, pair, signal);
  if ('problem' in shown) return { state: 'broken', problem: shown.problem };
  if (proof === undefined || proof.superblock !== (await superblockDigest(repo, pair))) return { state: 'unproven' };
  return { state: 'proven', proof, isAdvertised: advertised.has(deltaName(pair)) };
}

/** What keeps devices from using a delta, in words; undefined when nothing does. */
export function problemOf(state: DeltaState): string | undefined {
  switch (state.state) {
    case 'absent':
      return 'is missing';
    case 'unproven':
      return 'is unproven';
    case 'broken':
      return `is broken: ${state.problem}`;
    case 'proven':
      return state.isAdvertised ? undefined : 'is not in the summary, so devices do not see it';
  }
}
