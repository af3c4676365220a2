import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, present, type DeltaSource, type PlanSource } from '../source.ts';
import { suggestion } from '../../text/suggest.ts';
import { compareVersions, isVersion } from '../version.ts';

/** So many unknown versions of one rule are told: each is compared with all known ones. */
const MOST_TOLD = 50;

/** Deltas lead from an older version of the plan to a newer one. */
export function deltasLeadForward(plan: PlanSource): Finding[] {
  const known = knownVersions(plan);
  const names = new Set(known);
  return numbered(plan.deltas).flatMap(([index, delta]) => {
    const at = ['deltas', index];
    return [...unknownIn(delta, at, known, names), ...backward(delta, at)];
  });
}

/**
 * The plan's versions; undefined when they cannot be told: an OSTree product's stand in its targets.json, or one was
 * refused.
 */
function knownVersions(plan: PlanSource): string[] | undefined {
  const versions = plan.versions?.map((one) => one?.version);
  return versions?.every((one) => one !== undefined) === true ? present(versions) : undefined;
}

function endsOf(delta: DeltaSource, at: Pointer): Array<{ version: string; at: Pointer }> {
  const from = Array.isArray(delta.from)
    ? numbered(delta.from).map(([index, version]) => ({ version, at: [...at, 'from', index] }))
    : [];
  return delta.to === undefined ? from : [{ version: delta.to, at: [...at, 'to'] }, ...from];
}

function unknownIn(
  delta: DeltaSource,
  at: Pointer,
  known: readonly string[] | undefined,
  names: ReadonlySet<string>,
): Finding[] {
  if (known === undefined) return [];
  return endsOf(delta, at)
    .filter((end) => !names.has(end.version))
    .slice(0, MOST_TOLD)
    .map((end) => ({
      code: 'version-unknown',
      at: end.at,
      message: `${formatPointer(end.at)} is ${quote(end.version)}, which is not a version in the plan`,
      hint: suggestion(end.version, known, 'versions'),
    }));
}

function backward(delta: DeltaSource, at: Pointer): Finding[] {
  const { to } = delta;
  if (to === undefined || !isVersion(to)) return [];
  return endsOf(delta, at)
    .slice(1)
    .flatMap((end): Finding[] => {
      if (end.version === to)
        return [
          {
            code: 'delta-self',
            at: end.at,
            message: `a delta from ${quote(to)} to itself`,
            hint: 'Remove it from the list.',
          },
        ];
      if (!isVersion(end.version) || compareVersions(end.version, to) < 0) return [];
      return [
        {
          code: 'delta-downgrade',
          at: end.at,
          message: `a delta from ${quote(end.version)} to ${quote(to)}, which is not newer`,
          hint: 'Deltas lead to newer versions; are the two swapped?',
        },
      ];
    });
}
