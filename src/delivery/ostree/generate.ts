/** Makes static deltas that are not there: with our generator, all sources of a target in one go, or with ostree's. */
import type { ReleasePlanError } from '../../core/errors.ts';
import type { Code } from '../../core/codes/index.ts';
import type { StaticDeltaGenerator } from '../../core/plan.ts';
import { generateStaticDeltas } from '../../static-delta/generate.ts';
import { ostree, type OstreeRepository } from './repository.ts';
import type { CommitPair } from './static-delta.ts';
import { threadCount } from './workers.ts';

/** What makes several deltas to one target, each where ostree would write it: `generateStaticDeltas`. */
export type GenerateDeltas = (
  repo: string,
  to: string,
  froms: readonly string[],
  options: { level: number; workers: number; signal?: AbortSignal },
) => Promise<unknown>;

/** Unless a plan says otherwise. */
export const DEFAULT_GENERATOR: StaticDeltaGenerator = { kind: 'own', xz: 6 };

/** The settings of our generator. */
export type OwnGenerator = Extract<StaticDeltaGenerator, { kind: 'own' }>;

/** What our generator may fail with where ostree's may not: it has other needs of memory and programs. */
const OWN_FAILURES: readonly Code[] = ['engine-memory', 'engine-missing', 'tool-missing', 'tool-failed'];

/** Whether a failure of our generator says nothing of ostree's. */
export const mayOstreeDoBetter = ({ code }: ReleasePlanError): boolean => OWN_FAILURES.includes(code);

/**
 * Makes the deltas from several commits to one.
 *
 * @throws ReleasePlanError what generateStaticDeltas throws
 */
export async function generateToTarget(
  repo: OstreeRepository,
  to: string,
  froms: readonly string[],
  generator: OwnGenerator,
  { generate = generateStaticDeltas, signal }: { generate?: GenerateDeltas; signal?: AbortSignal },
): Promise<void> {
  const options = { level: generator.xz, workers: threadCount(generator), ...(signal === undefined ? {} : { signal }) };
  await generate(repo.path, to, froms, options);
}

/** Makes one delta with `ostree static-delta generate`. @throws ReleasePlanError `tool-failed`, `disk-full` */
export async function generateByOstree(
  repo: OstreeRepository,
  { from, to }: CommitPair,
  signal?: AbortSignal,
): Promise<void> {
  await ostree(repo, ['static-delta', 'generate', `--from=${from}`, `--to=${to}`], signal ? { signal } : {});
}

/** The pairs by their target, in the order in which targets occur. */
export function byTarget(pairs: readonly CommitPair[]): Array<{ to: string; pairs: CommitPair[] }> {
  const groups = new Map<string, CommitPair[]>();
  for (const pair of pairs) groups.set(pair.to, [...(groups.get(pair.to) ?? []), pair]);
  return [...groups].map(([to, some]) => ({ to, pairs: some }));
}
