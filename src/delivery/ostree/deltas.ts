/** Static deltas of an OSTree plan: from the fleet's pairs to the repository and back into the registry. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { Report } from '../../core/events.ts';
import type { Plan } from '../../core/plan.ts';
import { setDeltaStats } from '../../fleet/registry-edit.ts';
import { readRegistry, updateRegistry } from '../../fleet/registry-file.ts';
import { signOf } from '../../plan/secrets.ts';
import { isRecord, type Registry } from '../../fleet/registry.ts';
import { withLock } from '../../io/lock.ts';
import { counted } from '../../text/count.ts';
import { endInWords, type RequiredPair } from '../fleet/required.ts';
import { registryFile } from '../inputs.ts';
import { makeDeltas, type MadeDelta } from './make.ts';
import { ostreeOf } from './plan.ts';
import { pruneDeltas, unrequiredDeltas } from './prune.ts';
import { commitProblem, repositoryLock, repositoryOf } from './repository.ts';
import { publishSizes } from './sizes.ts';
import { deltaStates, problemOf } from './state.ts';
import { isGenerated, type CommitPair } from './static-delta.ts';
import type { StatsRef } from './stats.ts';

/** Another run holds the lock for hours while it makes deltas; sizes are a matter of seconds, but come after them. */
const SIZES_WAIT_MS = 24 * 60 * 60_000;

/** What the work may touch of the outside. */
export interface OstreeHost {
  env: NodeJS.ProcessEnv;
  report: Report;
  progress(message: string): void;
  signal?: AbortSignal;
  /** How long to wait for another run on the repository. */
  waitMs?: number;
}

/** The repository's side of a pair. @throws ReleasePlanError `ostree-commit-missing` */
export function commitsOf({ from, to }: Pick<RequiredPair, 'from' | 'to'>): CommitPair {
  if (from.commit === undefined || to.commit === undefined)
    throw new ReleasePlanError('ostree-commit-missing', `${from.versions[0] ?? 'the source'} has no commit`);
  return { from: from.commit, to: to.commit };
}

/**
 * Makes what is missing of the required deltas and writes their sizes into
 * the registry, in this order: a device never reads of a delta that is not there.
 *
 * @returns each required delta, new or not
 * @throws ReleasePlanError what makeDeltas, publishSizes and updateRegistry throw
 */
export async function makeOstreeDeltas(
  plan: Plan,
  pairs: readonly RequiredPair[],
  host: OstreeHost,
): Promise<MadeDelta[]> {
  const settings = ostreeOf(plan);
  const made = await makeDeltas(repositoryOf(settings), pairs.map(commitsOf), {
    progress: host.progress,
    warn: (message) => host.report({ type: 'warning', message }),
    ...stopOf(host),
    ...(host.waitMs === undefined ? {} : { waitMs: host.waitMs }),
    ...(settings.jobs === undefined ? {} : { jobs: settings.jobs }),
    generator: settings.generator,
  });
  await registerSizes(
    plan,
    made.map(({ to }) => to),
    host,
  );
  return made;
}

/** Deletes deltas, and takes their sizes out of what devices read. */
export async function pruneOstreeDeltas(plan: Plan, pairs: readonly CommitPair[], host: OstreeHost): Promise<void> {
  await pruneDeltas(repositoryOf(ostreeOf(plan)), pairs, {
    ...stopOf(host),
    ...(host.waitMs === undefined ? {} : { waitMs: host.waitMs }),
  });
  await registerSizes(
    plan,
    pairs.map(({ to }) => to),
    host,
  );
}

/** The deltas in the repository that none of these pairs is. */
export const unrequiredOf = async (
  plan: Plan,
  retained: readonly RequiredPair[],
  signal?: AbortSignal,
): Promise<CommitPair[]> => await unrequiredDeltas(repositoryOf(ostreeOf(plan)), retained.map(commitsOf), signal);

/** What keeps devices from using each delta, in the order of the pairs; undefined where nothing does. */
export async function ostreeProblems(
  plan: Plan,
  pairs: readonly RequiredPair[],
  signal?: AbortSignal,
): Promise<Array<string | undefined>> {
  const states = await deltaStates(repositoryOf(ostreeOf(plan)), pairs.map(commitsOf), signal);
  return states.map(problemOf);
}

/** Deltas whose source was pruned from the repository: clients can use them, nobody can make or prove them again. */
export function ostreeCautions(plan: Plan, pairs: readonly RequiredPair[]): string[] {
  const repo = repositoryOf(ostreeOf(plan));
  return pairs
    .filter((pair) => commitProblem(repo, commitsOf(pair).from) !== undefined && isGenerated(repo, commitsOf(pair)))
    .map(
      ({ from, to, devices }) =>
        `the source commit of the delta ${endInWords(from)} -> ${endInWords(to)}, which ` +
        `${counted(devices, 'device requires', 'devices require')}, was pruned from the repository: ` +
        'the delta is kept, and cannot be made again when it is lost',
    );
}

/** Under the repository's lock, so that of two runs the later one has the sizes of both. */
async function registerSizes(plan: Plan, commits: readonly string[], host: OstreeHost): Promise<void> {
  const repo = repositoryOf(ostreeOf(plan));
  const file = registryFile(plan);
  await withLock(
    repositoryLock(repo),
    `sizes of static deltas in ${repo.path}`,
    { waitMs: SIZES_WAIT_MS, ...stopOf(host) },
    async () => {
      const registry = await readRegistry(file);
      const known = new Set(registry.targets.map((target) => target.sha256));
      const refs = await publishSizes(
        repo,
        commits.filter((commit) => known.has(commit)),
        (to) => namedStats(registry, to),
      );
      const change = (current: Registry) => [...refs].flatMap(([commit, ref]) => setDeltaStats(current, commit, ref));
      await updateRegistry(file, change, {
        cwd: plan.dir,
        report: host.report,
        ...stopOf(host),
        ...signOf(plan, host.env),
      });
    },
  );
}

/** The statistics that the Targets of a commit name. */
function namedStats(registry: Registry, commit: string): StatsRef | undefined {
  for (const { sha256, custom } of registry.targets) {
    const stats = custom['delta-stats'];
    if (sha256 === commit && isRecord(stats) && typeof stats.sha256 === 'string' && typeof stats.size === 'number')
      return { sha256: stats.sha256, size: stats.size };
  }
  return undefined;
}

const stopOf = ({ signal }: OstreeHost): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
