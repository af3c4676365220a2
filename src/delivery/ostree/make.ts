/** Makes the static deltas that are required, proves each, and only then shows them to devices. */
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import type { StaticDeltaGenerator } from '../../core/plan.ts';
import { withLock } from '../../io/lock.ts';
import { formatBytes } from '../../text/bytes.ts';
import {
  DEFAULT_GENERATOR,
  byTarget,
  generateByOstree,
  generateToTarget,
  mayOstreeDoBetter,
  type GenerateDeltas,
  type OwnGenerator,
} from './generate.ts';
import { cleanUp, notePending, settlePending } from './pending.ts';
import { withProofs, type Prove } from './proof.ts';
import { readProofs, writeProofs, type DeltaProof } from './proofs.ts';
import { commitProblem, repositoryLock, requireRepository, type OstreeRepository } from './repository.ts';
import { deltaStates, type DeltaState } from './state.ts';
import {
  deleteDelta,
  deltaName,
  isGenerated,
  readContent,
  shortPair as short,
  superblockDigest,
  type CommitPair,
} from './static-delta.ts';
import { advertisedDeltas, requireSummaryKey, requireWorkingKey, updateSummary } from './summary.ts';
import { PROOF_BYTES, inParallel, jobCount } from './workers.ts';

export interface MakeOptions {
  /** A line for the person who waits. */
  progress(message: string): void;
  warn(message: string): void;
  /** Deltas made or proven at once; as many as memory and cores allow otherwise. */
  jobs?: number;
  /** Our own generator with its defaults otherwise. */
  generator?: StaticDeltaGenerator;
  /** What our generator is; for tests of what follows when it errs. */
  generate?: GenerateDeltas;
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
 *   `ostree-summary-signed`, `ostree-key-unusable`, `ostree-object-damaged`, `ostree-delta-broken`,
 *   `disk-full`, `locked`, `interrupted`
 */
export async function makeDeltas(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  options: MakeOptions,
): Promise<MadeDelta[]> {
  await requireRepository(repo);
  requireSummaryKey(repo);
  const wanted = [...new Map(pairs.map((pair) => [deltaName(pair), pair])).values()];
  for (const pair of wanted) {
    requireCommit(repo, pair.to);
    // Clients can use a delta whose source was pruned here.
    if (!isGenerated(repo, pair)) requireCommit(repo, pair.from);
  }
  const waiting = { waitMs: options.waitMs ?? 0, ...(options.signal ? { signal: options.signal } : {}) };
  return await withLock(repositoryLock(repo), `static deltas of ${repo.path}`, waiting, async () => {
    await cleanUp(repo, wanted);
    const states = await deltaStates(repo, wanted, options.signal);
    const work = wanted.map((pair, at) => ({ pair, state: states[at] ?? { state: 'absent' as const } }));
    const isDone = work.every(({ state }) => state.state === 'proven' && state.isAdvertised);
    if (!isDone) await requireWorkingKey(repo, options.signal);
    return await new Making(repo, options).run(work);
  });
}

type Work = { pair: CommitPair; state: DeltaState };

function requireCommit(repo: OstreeRepository, commit: string): void {
  const problem = commitProblem(repo, commit);
  if (problem !== undefined) throw new ReleasePlanError('ostree-commit-missing', problem);
}

/** One run under the lock: what is proven so far, and what is still to be made. */
class Making {
  readonly #repo: OstreeRepository;
  readonly #options: MakeOptions;
  readonly #proofs = new Map<string, { proof: DeltaProof; isNew: boolean }>();
  /** Why pairs cannot be made; told when all others are. */
  readonly #failures: ReleasePlanError[] = [];
  #record: (pair: CommitPair, proof: DeltaProof) => Promise<void> = async () => undefined;

  constructor(repo: OstreeRepository, options: MakeOptions) {
    this.#repo = repo;
    this.#options = options;
  }

  async run(work: readonly Work[]): Promise<MadeDelta[]> {
    for (const { pair, state } of work) {
      if (state.state === 'proven') this.#proofs.set(deltaName(pair), { proof: state.proof, isNew: false });
    }
    this.#record = await openRecord(this.#repo);
    try {
      await this.#make(await this.#withdraw(work));
      const [first, ...others] = this.#failures;
      for (const { message } of others) this.#options.warn(message);
      if (first !== undefined) throw first;
      if (!work.every(({ state }) => state.state === 'proven' && state.isAdvertised)) await this.#showProven();
      return work.map(({ pair }) => ({ ...pair, ...this.#provenOf(pair) }));
    } catch (error) {
      if (this.#options.signal?.aborted !== true) await this.#showWhatIsMade(work);
      throw error;
    }
  }

  /**
   * An advertised delta that changes under its clients breaks them all. So one that is to be made again is deleted and
   * out of the summary first; and what nobody has proven yet must not get into that summary.
   *
   * @returns the work without what is broken
   */
  async #withdraw(work: readonly Work[]): Promise<Work[]> {
    const advertised = await advertisedDeltas(this.#repo);
    const isAdvertised = ({ pair }: Work): boolean => advertised.has(deltaName(pair));
    const isGone = ({ state }: Work): boolean => state.state === 'broken' || state.state === 'absent';
    const isStale = work.some((one) => isGone(one) && isAdvertised(one));
    const left: Work[] = [];
    for (const one of work) {
      const { pair, state } = one;
      if (state.state === 'broken')
        this.#options.warn(`the static delta ${short(pair)} is broken and is made again: ${state.problem}`);
      const isDropped = state.state === 'broken' || (isStale && state.state === 'unproven' && !isAdvertised(one));
      if (isDropped) await deleteDelta(this.#repo, pair);
      left.push(isDropped ? { pair, state: { state: 'absent' } } : one);
    }
    if (isStale) await this.#showProven();
    return left;
  }

  async #make(work: readonly Work[]): Promise<void> {
    const ofState = (state: DeltaState['state']): CommitPair[] =>
      work.filter((one) => one.state.state === state).map(({ pair }) => pair);
    for (const { state } of work) {
      if (state.state === 'unknown') this.#failures.push(new ReleasePlanError('ostree-object-damaged', state.problem));
    }
    const foreign = await this.#proveAll(this.#withSource(ofState('unproven')));
    const refused = [...foreign].map(([pair, problem]): Work => ({
      pair,
      state: { state: 'broken', problem: `it does not apply: ${problem}` },
    }));
    const missing = [...ofState('absent'), ...(await this.#withdraw(refused)).map(({ pair }) => pair)];
    await this.#makeByOstree(await this.#makeByUs(this.#withSource(missing)));
  }

  /** Those that can be made or proven; of the others the failure is noted. */
  #withSource(pairs: readonly CommitPair[]): CommitPair[] {
    return pairs.filter((pair) => {
      const problem = commitProblem(this.#repo, pair.from);
      if (problem !== undefined)
        this.#failures.push(
          new ReleasePlanError('ostree-commit-missing', `the static delta ${short(pair)} cannot be made: ${problem}`),
        );
      return problem === undefined;
    });
  }

  /** @returns what ostree has to make: what our generator could not make, or made wrong */
  async #makeByUs(missing: readonly CommitPair[]): Promise<readonly CommitPair[]> {
    const { generator = DEFAULT_GENERATOR } = this.#options;
    if (generator.kind === 'program') return missing;
    const left: CommitPair[] = [];
    for (const { to, pairs } of byTarget(missing)) left.push(...(await this.#makeToTarget(to, pairs, generator)));
    return left;
  }

  async #makeToTarget(to: string, pairs: readonly CommitPair[], generator: OwnGenerator): Promise<CommitPair[]> {
    const { generate, signal, progress, warn } = this.#options;
    signal?.throwIfAborted();
    const what = pairs.length === 1 ? 'static delta' : `${pairs.length} static deltas`;
    progress(`${what} to ${to.slice(0, 10)}: generating`);
    for (const pair of pairs) await notePending(this.#repo, pair);
    const froms = pairs.map(({ from }) => from);
    try {
      await generateToTarget(this.#repo, to, froms, generator, {
        ...(generate === undefined ? {} : { generate }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (!(error instanceof ReleasePlanError)) throw error;
      if (mayOstreeDoBetter(error)) {
        warn(`the ${what} to ${to.slice(0, 10)} is left to ostree, since our generator failed: ${error.message}`);
        return await this.#discard(pairs);
      }
      if (error.code !== 'ostree-object-damaged') throw error;
      return await this.#makeOneByOne(to, pairs, generator, error);
    }
    const refused = await this.#proveAll(pairs);
    for (const [pair, problem] of refused)
      warn(`the static delta ${short(pair)} is made again by ostree, since ours does not apply: ${problem}`);
    return await this.#discard([...refused.keys()]);
  }

  /** A source with damaged objects must not keep the others from being made. */
  async #makeOneByOne(
    to: string,
    pairs: readonly CommitPair[],
    generator: OwnGenerator,
    failure: ReleasePlanError,
  ): Promise<CommitPair[]> {
    const left: CommitPair[] = [];
    if (pairs.length === 1) {
      this.#failures.push(failure);
      await this.#discard(pairs);
    } else for (const pair of pairs) left.push(...(await this.#makeToTarget(to, [pair], generator)));
    return left;
  }

  async #discard(pairs: readonly CommitPair[]): Promise<CommitPair[]> {
    for (const pair of pairs) {
      await deleteDelta(this.#repo, pair);
      await settlePending(this.#repo, pair);
    }
    return [...pairs];
  }

  async #makeByOstree(missing: readonly CommitPair[]): Promise<void> {
    const { jobs, signal, progress } = this.#options;
    await inParallel(missing, jobCount(missing.length, jobs), async (pair) => {
      signal?.throwIfAborted();
      progress(`static delta ${short(pair)}: generating with ostree`);
      await notePending(this.#repo, pair);
      await generateByOstree(this.#repo, pair, signal);
      const problem = (await this.#proveAll([pair])).get(pair);
      if (problem === undefined) return;
      await this.#discard([pair]);
      const message = `the static delta ${deltaName(pair)} does not apply: ${problem}`;
      this.#failures.push(new ReleasePlanError('ostree-delta-broken', message));
    });
  }

  /** @returns those that do not apply, and why */
  async #proveAll(pairs: readonly CommitPair[]): Promise<Map<CommitPair, string>> {
    const { jobs, signal } = this.#options;
    const problems = new Map<CommitPair, string>();
    if (pairs.length === 0) return problems;
    await withProofs(this.#repo, pairs, signal, async (prove) => {
      await inParallel(pairs, jobCount(pairs.length, jobs, PROOF_BYTES), async (pair) => {
        signal?.throwIfAborted();
        const problem = await this.#prove(pair, prove);
        if (problem !== undefined) problems.set(pair, problem);
      });
    });
    return problems;
  }

  /** @returns why it does not apply, or undefined when it does, which is then on record */
  async #prove(pair: CommitPair, prove: Prove): Promise<string | undefined> {
    const { progress } = this.#options;
    progress(`static delta ${short(pair)}: applying it on a client that has only the source`);
    const content = await readContent(this.#repo, pair);
    const problem = 'problem' in content ? content.problem : await prove(pair);
    if ('problem' in content || problem !== undefined) return problem;
    const { sizeBytes, uncompressedBytes } = content;
    progress(`static delta ${short(pair)}: proven, ${formatBytes(sizeBytes)} to download`);
    const superblock = await superblockDigest(this.#repo, pair);
    const proof = { superblock, sizeBytes, uncompressedBytes, provenAt: new Date().toISOString() };
    await this.#record(pair, proof);
    this.#proofs.set(deltaName(pair), { proof, isNew: true });
    return undefined;
  }

  #provenOf(pair: CommitPair): { proof: DeltaProof; isNew: boolean } {
    const proven = this.#proofs.get(deltaName(pair));
    if (proven === undefined) throw new Error(`${deltaName(pair)} is neither proven nor refused`);
    return proven;
  }

  async #showProven(): Promise<void> {
    await updateSummary(this.#repo, this.#options.signal);
  }

  /**
   * After a failure: what was made and proven before it is there to be used, what was withdrawn is out, and what was
   * not proven must not get in.
   */
  async #showWhatIsMade(work: readonly Work[]): Promise<void> {
    try {
      const isOurs = ({ pair, state }: Work): boolean =>
        state.state !== 'unknown' && !this.#proofs.has(deltaName(pair));
      await this.#discard(work.filter(isOurs).map(({ pair }) => pair));
      await updateSummary(this.#repo);
    } catch (error) {
      // The first failure is the one to tell; an old summary does no harm.
      this.#options.warn(`the summary was not updated: ${messageOf(error)}`);
    }
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
