/** How an OSTree plan stands: what its rules require of the repository, and what the repository has. */
import {
  commitProblem,
  deltaStates,
  looseBytes,
  problemOf,
  repositoryOf,
  requireRepository,
  resolveRef,
  type DeltaState,
} from './index.ts';
import { distinct, targetsOf } from '../../fleet/running.ts';
import { endInWords, type RequiredDeltas, type RequiredPair } from '../fleet/required.ts';
import type { DeltaRule, Plan, Step } from '../../core/plan.ts';
import { basisFacts } from '../fleet/facts.ts';
import { openFleet, type FleetSituation } from '../fleet/open.ts';
import { commitsOf, ostreeOf } from './deltas.ts';
import { answerRule } from '../fleet/rules.ts';

/** A required static delta and what is known of it. */
export interface OstreePair {
  /** Version, or the start of a commit that no Target has. */
  from: string;
  to: string;
  /** The rule in words. */
  rule: string;
  required: RequiredPair;
  state: DeltaState;
  /** What a device fetches without it. */
  loose: { bytes: number; objects: number };
}

/** Everything that steps and report of an OSTree plan are decided from. */
export interface OstreeSituation {
  fleet: FleetSituation;
  answers: Array<{ rule: DeltaRule; answer: RequiredDeltas }>;
  /** Each required delta once, by devices served. */
  pairs: OstreePair[];
  /** A step has tried to make them all at once. */
  isTried?: boolean;
  /** Each version that the plan names, and why it cannot be served; undefined when it can. */
  versions: Map<string, string | undefined>;
}

/**
 * Reads registry, fleet and repository.
 *
 * @throws ReleasePlanError `ostree-repo-missing`, `ostree-ref-unknown`, `targets-*`, `fleet-*`, `target-unknown`
 */
export async function surveyOstree(plan: Plan, signal?: AbortSignal): Promise<OstreeSituation> {
  const settings = ostreeOf(plan);
  const repo = repositoryOf(settings);
  await requireRepository(repo);
  // Nothing is made of the branch itself; a wrong name says that this is another product's repository.
  await resolveRef(repo, settings.branch, signal);
  const fleet = await openFleet(plan, signal);
  const facts = await basisFacts(fleet, signal);
  const known = new Set(targetsOf(fleet.registry, fleet.format).map((target) => target.version));
  // A version that is not there yet is a row of the report, and hinders no other.
  const answers = plan.deltas
    .filter((rule) => known.has(rule.to))
    .map((rule) => ({ rule, answer: answerRule(rule, fleet, facts) }));
  const wanted = new Map<string, { rule: DeltaRule; required: RequiredPair }>();
  for (const { rule, answer } of answers) {
    for (const required of answer.pairs) {
      const { from, to } = commitsOf(required);
      if (!wanted.has(`${from}-${to}`)) wanted.set(`${from}-${to}`, { rule, required });
    }
  }
  const found = [...wanted.values()];
  const states = await deltaStates(
    repo,
    found.map(({ required }) => commitsOf(required)),
    signal,
  );
  const pairs: OstreePair[] = [];
  for (const [at, { rule, required }] of found.entries()) {
    const loose = await looseBytes(repo, commitsOf(required), signal);
    pairs.push({
      from: endInWords(required.from),
      to: endInWords(required.to),
      rule: ruleInWords(rule),
      required,
      loose,
      state: states[at] ?? { state: 'absent' },
    });
  }
  pairs.sort((a, b) => b.required.devices - a.required.devices);
  return { fleet, answers, pairs, versions: versionProblems(plan, fleet) };
}

/** Decides what has to be done. Pure. */
export function ostreeSteps({ pairs }: OstreeSituation, reportIsCurrent: boolean): Step[] {
  const deltas = pairs.flatMap(({ from, to, rule, state }): Step[] => {
    const problem = problemOf(state);
    return problem === undefined
      ? []
      : [{ kind: 'delta', from, to, engine: 'ostree', why: `required by ${rule}; it ${problem}` }];
  });
  if (deltas.length > 0) return [...deltas, { kind: 'report', why: 'the steps above change it' }];
  return reportIsCurrent ? [] : [{ kind: 'report', why: 'the report on disk is missing or out of date' }];
}

function versionProblems(plan: Plan, { registry, format }: FleetSituation): OstreeSituation['versions'] {
  const repo = repositoryOf(ostreeOf(plan));
  const named = distinct([
    ...plan.versions.map((one) => one.version),
    ...plan.deltas.flatMap((rule) => [rule.to, ...(rule.from.kind === 'list' ? rule.from.versions : [])]),
  ]);
  return new Map(
    named.map((version) => {
      const targets = targetsOf(registry, format).filter((target) => target.version === version);
      return [
        version,
        targets.length === 0
          ? `${registry.file} has no Target for it`
          : targets.map((target) => commitProblem(repo, target.sha256)).find((one) => one !== undefined),
      ];
    }),
  );
}

function ruleInWords({ from }: DeltaRule): string {
  switch (from.kind) {
    case 'list':
      return 'the plan';
    case 'tag':
      return `tag ${from.tag}`;
    case 'previous':
      return `previous ${from.count}`;
    case 'range':
      return `range ${from.range}`;
  }
}
