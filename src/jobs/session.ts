import type { RequiredPair } from '../plan/pairs.ts';
import type { Drive, Report } from '../core/events.ts';
import { pairKey, type DeltaInfo, type Held, type VersionManifest } from '../core/archive.ts';
import type { EngineName, Plan, Step } from '../core/plan.ts';
import type { CheckRow, ConsistencyReport } from '../report/consistency.ts';
import type { OstreeSituation } from '../delivery/ostree/survey.ts';

/** The outside world, as the step runner sees it. */
export interface StepHost {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report: Report;
  drive: Drive;
}

export type Phase = 'build' | 'archive' | 'delta' | 'report';

export const PHASES: readonly Phase[] = ['build', 'archive', 'delta', 'report'];

/** What is known of a plan at one moment: what the archive holds, what is required, what is to be done. */
export interface Situation {
  plan: Plan;
  /** Kept up to date by the steps: what they make is `whole` here at once. */
  versions: Map<string, Held<VersionManifest>>;
  updates: Map<string, Held<DeltaInfo>>;
  pairs: RequiredPair[];
  recipes: Readonly<Record<EngineName, string>>;
  /** sha256 of the public key that devices trust, when it can be read. */
  trust: string | undefined;
  steps: Step[];
  /** What the fleet says of a SWUpdate plan: rows for the report. */
  devices?: CheckRow[];
  /** What stands in for the archive of an OSTree plan. */
  ostree?: OstreeSituation;
  /** The report as it stands on disk. */
  written: ConsistencyReport | undefined;
}

/** A step in words, for lists and logs. */
export function titleOf(step: Step): string {
  switch (step.kind) {
    case 'build':
      return `build ${step.version}`;
    case 'archive':
      return `archive ${step.version}`;
    case 'delta':
      return `delta ${pairKey(step.from, step.to)} (${step.engine})`;
    case 'report':
      return 'report';
  }
}

/** What a step's failure is recorded under: a version or a pair; the report has neither. */
export function subjectOf(step: Step): string | undefined {
  if (step.kind === 'delta') return pairKey(step.from, step.to);
  return step.kind === 'report' ? undefined : step.version;
}

/**
 * The versions that the plan names or its deltas are made of; a situation may know of others, that lie in the archive
 * beside them.
 */
export function referredVersions(situation: Situation): Array<Held<VersionManifest>> {
  const names = referredNames(situation);
  return [...situation.versions].filter(([version]) => names.has(version)).map(([, held]) => held);
}

/** The names of the versions that the plan names or its deltas are made of. */
export const referredNames = ({ plan, pairs }: Situation): Set<string> =>
  new Set([...plan.versions.map((one) => one.version), ...pairs.flatMap(({ from, to }) => [from, to])]);
