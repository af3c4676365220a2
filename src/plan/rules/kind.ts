import type { Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';

type Section = 'kas' | 'partitions' | 'versions' | 'swu' | 'signing' | 'targets';

const NEEDED_FOR_SWUPDATE: ReadonlyArray<readonly [Section, why: string]> = [
  ['kas', 'It describes how a version is built.'],
  ['partitions', 'It describes the partitions of a device; an OSTree plan has `ostree` instead.'],
  ['versions', 'It lists the versions to build and archive.'],
];

/** A plan is of one of two kinds, SWUpdate or OSTree, and has what its kind needs. */
export function needsOfItsKind(plan: PlanSource): Finding[] {
  return 'ostree' in plan ? ostreePlan(plan) : swupdatePlan(plan);
}

function swupdatePlan(plan: PlanSource): Finding[] {
  // `in`, not undefined: a section that the schema refused is no missing section.
  const findings: Finding[] = NEEDED_FOR_SWUPDATE.filter(([key]) => !(key in plan)).map(([key, why]) =>
    missing(key, [], why),
  );
  const makesPackages = (plan.deltas ?? []).length > 0;
  if (makesPackages && !('hardware' in (plan.swu ?? {}))) {
    findings.push(
      missing(
        'hardware',
        ['swu'],
        'SWUpdate rejects packages without hardware-compatibility. Example: `hardware: ["1.0"]`.',
      ),
    );
  }
  return findings;
}

function ostreePlan(plan: PlanSource): Finding[] {
  const findings = (['partitions', 'swu', 'signing'] as const)
    .filter((key) => key in plan)
    .map((key): Finding => ({
      code: 'plan-mixed',
      at: [key],
      on: 'key',
      message: `the plan has both "ostree" and ${JSON.stringify(key)}`,
      hint: 'A plan is for SWUpdate or for OSTree; use one file for each.',
    }));
  if (typeof plan.artifacts === 'object')
    findings.push({
      code: 'plan-mixed',
      at: ['artifacts', 'store'],
      on: 'key',
      message: 'the plan has both "ostree" and "artifacts.store"',
      hint: 'An OSTree repository is a store of its own; `publish` brings it to a bucket. Write `artifacts` as a path.',
    });
  if (!('targets' in plan))
    findings.push(
      missing('targets', [], 'It names the registry of an OSTree product, with its versions, tags and commits.'),
    );
  return [...findings, ...ownGeneratorKeys(plan)];
}

/** What is said of our generator in a plan that leaves deltas to ostree has no effect. */
function ownGeneratorKeys({ ostree }: PlanSource): Finding[] {
  if (ostree?.generator !== 'ostree') return [];
  return (['xz', 'workers', 'memory'] as const)
    .filter((key) => key in ostree)
    .map((key) => ({
      code: 'ostree-key-unused',
      at: ['ostree', key],
      on: 'key',
      message: `ostree.${key} is for release-plan's own generator, and the plan says \`generator: ostree\``,
      hint: `Remove \`${key}\`, or set \`generator: own\`.`,
    }));
}

function missing(key: string, at: readonly string[], hint: string): Finding {
  return {
    code: 'key-missing',
    at,
    message: `${at.length === 0 ? 'the plan' : at.join('.')} has no ${JSON.stringify(key)}`,
    hint,
    missing: key,
  };
}
