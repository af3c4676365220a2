/** Makes the static deltas that are required, proves each, and only then shows them to devices. */
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import { formatBytes } from '../../text/bytes.ts';
import { withLock } from '../../io/lock.ts';
import { cleanUp, notePending, settlePending } from './pending.ts';
import { proveDelta } from './proof.ts';
import { readProofs, writeProofs, type DeltaProof } from './proofs.ts';
import { commitProblem, ostree, repositoryLock, requireRepository, type OstreeRepository } from './repository.ts';
import { deltaStates, type DeltaState } from './state.ts';
import { deleteDelta, deltaName, isGenerated, showDelta, superblockDigest, type CommitPair } from './static-delta.ts';
import { requireSummaryKey, updateSummary } from './summary.ts';
import { inParallel, jobCount } from './workers.ts';

export interface MakeOptions {
  /** A line for the person who waits. */
  progress(message: string): void;
  warn(message: string): void;
  /** Deltas made at once; as many as memory and cores allow otherwise. */
  jobs?: number;
  /** How long to wait for another run on the repository. */
  waitMs?: number;
  signal?: AbortSignal;
}

/** One delta that is now there, proven and visible. */
export interface MadeDelta extends CommitPair {
  /** false: it was there already. */
  isNew: boolean;
  proof: DeltaProof;
}

/**
 * Makes every delta of the list that is not there, proven. Whatever stops it,
 * the repository serves every client as before: a delta gets into the summary
 * only after its proof, and one that is to be made anew leaves it first.
 *
 * @returns the deltas in the order of the pairs, each of them once
 * @throws ReleasePlanError `ostree-repo-missing`, `ostree-commit-missing`,
 *   `ostree-summary-signed`, `ostree-delta-broken`, `disk-full`, `locked`, `interrupted`
 */
export async function makeDeltas(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  options: MakeOptions,
): Promise<MadeDelta[]> {
  await requireRepository(repo);
  requireSummaryKey(repo);
  const wanted = [...new Map(pairs.map((pair) => [deltaName(pair), pair])).values()];
  for (const commit of new Set(wanted.flatMap(({ from, to }) => [from, to]))) requireCommit(repo, commit);
  const waiting = { waitMs: options.waitMs ?? 0, ...(options.signal ? { signal: options.signal } : {}) };
  return await withLock(repositoryLock(repo), `static deltas of ${repo.path}`, waiting, async () => {
    await cleanUp(repo, wanted);
    const states = await deltaStates(repo, wanted, options.signal);
    const work = wanted.map((pair, at) => ({ pair, state: states[at] ?? { state: 'absent' as const } }));
    await withdrawBroken(repo, work, options);
    return await makeAll(repo, work, options);
  });
}

type Work = { pair: CommitPair; state: DeltaState };

function requireCommit(repo: OstreeRepository, commit: string): void {
  const problem = commitProblem(repo, commit);
  if (problem !== undefined) throw new ReleasePlanError('ostree-commit-missing', problem);
}

/**
 * An advertised delta that changes under its clients breaks them all; so it is deleted and out of the summary before it
 * is made again.
 */
async function withdrawBroken(repo: OstreeRepository, work: readonly Work[], options: MakeOptions): Promise<void> {
  const broken = work.filter(({ state }) => state.state === 'broken');
  if (broken.length === 0) return;
  for (const { pair, state } of broken) {
    options.warn(
      `the static delta ${short(pair)} cannot be read and is made ` +
        `again${state.state === 'broken' ? `: ${state.problem}` : ''}`,
    );
    await deleteDelta(repo, pair);
  }
  await updateSummary(repo, options.signal);
}

async function makeAll(repo: OstreeRepository, work: readonly Work[], options: MakeOptions): Promise<MadeDelta[]> {
  const record = await openRecord(repo);
  try {
    const made = await inParallel(work, jobCount(work.length, options.jobs), async ({ pair, state }) => {
      options.signal?.throwIfAborted();
      if (state.state === 'proven') return { ...pair, isNew: false, proof: state.proof };
      const proof = await makeOne(repo, pair, options);
      await record(pair, proof);
      return { ...pair, isNew: true, proof };
    });
    if (!work.every(({ state }) => state.state === 'proven' && state.isAdvertised))
      await updateSummary(repo, options.signal);
    return made;
  } catch (error) {
    if (options.signal?.aborted !== true) await showWhatIsMade(repo, options);
    throw error;
  }
}

/** After a failure: what was made and proven before it is there to be used, and what was withdrawn is out. */
async function showWhatIsMade(repo: OstreeRepository, { warn }: MakeOptions): Promise<void> {
  try {
    await updateSummary(repo);
  } catch (error) {
    // The first failure is the one to tell; an old summary does no harm.
    warn(`the summary was not updated: ${messageOf(error)}`);
  }
}

/** The record of proofs, open for additions by several workers. */
async function openRecord(repo: OstreeRepository): Promise<(pair: CommitPair, proof: DeltaProof) => Promise<void>> {
  const proofs = await readProofs(repo);
  let written = Promise.resolve();
  return async (pair, proof) => {
    proofs.set(deltaName(pair), proof);
    // In turn: of two writes at once the older could be the last to get the name.
    written = written.then(async () => await writeProofs(repo, proofs));
    await written;
    await settlePending(repo, pair);
  };
}

async function makeOne(
  repo: OstreeRepository,
  pair: CommitPair,
  { progress, signal }: MakeOptions,
): Promise<DeltaProof> {
  const stop = signal ? { signal } : {};
  progress(`static delta ${short(pair)}: generating`);
  try {
    await notePending(repo, pair);
    // -n: one that another run finished and did not prove is kept.
    await ostree(repo, ['static-delta', 'generate', '--if-not-exists', `--from=${pair.from}`, `--to=${pair.to}`], stop);
    progress(`static delta ${short(pair)}: applying it on a client that has only the source`);
    const content = await showDelta(repo, pair, signal);
    const problem = 'problem' in content ? content.problem : await proveDelta(repo, pair, content, signal);
    if ('problem' in content || problem !== undefined) {
      await deleteDelta(repo, pair);
      throw new ReleasePlanError(
        'ostree-delta-broken',
        `the static delta ${deltaName(pair)} does not apply: ${problem ?? ''}`,
      );
    }
    const { sizeBytes, uncompressedBytes } = content;
    progress(`static delta ${short(pair)}: proven, ${formatBytes(sizeBytes)} to download`);
    return {
      superblock: await superblockDigest(repo, pair),
      sizeBytes,
      uncompressedBytes,
      provenAt: new Date().toISOString(),
    };
  } catch (error) {
    // Without its superblock it is nothing to anyone, and takes room.
    if (!isGenerated(repo, pair)) {
      await deleteDelta(repo, pair);
      await settlePending(repo, pair);
    }
    throw error;
  }
}

/** A pair for people. */
const short = ({ from, to }: CommitPair): string => `${from.slice(0, 10)} -> ${to.slice(0, 10)}`;
