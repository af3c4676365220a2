/** What a repository holds of the deltas that are asked for. */
import { ReleasePlanError } from '../../core/errors.ts';
import { checkStaticDelta } from '../../static-delta/check.ts';
import { TreeReader } from '../../static-delta/tree.ts';
import { readProofs, type DeltaProof } from './proofs.ts';
import { commitProblem, type OstreeRepository } from './repository.ts';
import { deltaName, isGenerated, superblockDigest, type CommitPair } from './static-delta.ts';
import { advertisedDeltas } from './summary.ts';

/** The state of one static delta. */
export type DeltaState =
  | { state: 'absent' }
  /** It is there and nobody has shown that it applies. */
  | { state: 'unproven' }
  /** It is not what it claims to be: every client that tries it fails, also those that could do without. */
  | { state: 'broken'; problem: string }
  /** It cannot be compared with the trees of its commits, which are damaged in the repository. */
  | { state: 'unknown'; problem: string }
  /** It applies; whether clients can see it is another matter. */
  | {
      state: 'proven';
      proof: DeltaProof;
      isAdvertised: boolean;
      /** Its source commit was pruned: clients can use it, nobody can make it again. */
      isLast?: true;
    };

/**
 * The state of each pair, in order. Every delta is compared with its
 * superblock, and that with the repository and what clients are told: a proof
 * is of bits, and disks lose them; a commit may have been signed since.
 */
export async function deltaStates(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  signal?: AbortSignal,
): Promise<DeltaState[]> {
  const known = {
    proofs: await readProofs(repo),
    advertised: await advertisedDeltas(repo),
    reader: new TreeReader(repo.path),
  };
  const states: DeltaState[] = [];
  for (const pair of pairs) {
    states.push(await stateOf(repo, pair, known, signal));
    known.reader.forget(pair.from);
  }
  return states;
}

interface Known {
  proofs: ReadonlyMap<string, DeltaProof>;
  advertised: ReadonlySet<string>;
  reader: TreeReader;
}

async function stateOf(
  repo: OstreeRepository,
  pair: CommitPair,
  { proofs, advertised, reader }: Known,
  signal?: AbortSignal,
): Promise<DeltaState> {
  if (!isGenerated(repo, pair)) return { state: 'absent' };
  try {
    const problems = await checkStaticDelta(reader, pair, signal === undefined ? {} : { signal });
    if (problems.length > 0) return { state: 'broken', problem: problems.map(({ message }) => message).join('; ') };
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'ostree-object-damaged') throw error;
    return { state: 'unknown', problem: error.message };
  }
  const proof = proofs.get(deltaName(pair));
  if (proof === undefined || proof.superblock !== (await superblockDigest(repo, pair))) return { state: 'unproven' };
  const isLast = commitProblem(repo, pair.from) !== undefined;
  return {
    state: 'proven',
    proof,
    isAdvertised: advertised.has(deltaName(pair)),
    ...(isLast ? { isLast } : {}),
  };
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
    case 'unknown':
      return `cannot be checked: ${state.problem}`;
    case 'proven':
      return state.isAdvertised ? undefined : 'is not in the summary, so devices do not see it';
  }
}
