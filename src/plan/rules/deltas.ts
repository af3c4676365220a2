import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, present, type DeltaSource, type PlanSource } from '../source.ts';
import { suggestion } from '../suggest.ts';
import { compareVersions, isVersion } from '../version.ts';

/** Deltas lead from an older version of the plan to a newer one. */
export function deltasLeadForward(plan: PlanSource): Finding[] {
  const known = knownVersions(plan);
  return numbered(plan.deltas).flatMap(([index, delta]) => {
    const at = ['deltas', index];
    return [...unknownIn(delta, at, known), ...backward(delta, at)];
  });
}

/** The plan's versions; undefined when they are not the plan's to tell: an OSTree product's stand in its targets.json. */
export function knownVersions(plan: PlanSource): string[] | undefined {
  if (plan.versions === undefined) return undefined;
  return present(plan.versions).flatMap((one) => (one.version === undefined ? [] : [one.version]));
}

function endsOf(delta: DeltaSource, at: Pointer): Array<{ version: string; at: Pointer }> {
  const from = Array.isArray(delta.from) ? numbered(delta.from).map(([index, version]) => ({ version, at: [...at, 'from', index] })) : [];
  return delta.to === undefined ? from : [{ version: delta.to, at: [...at, 'to'] }, ...from];
}

function unknownIn(delta: DeltaSource, at: Pointer, known: readonly string[] | undefined): Finding[] {
  if (known === undefined) return [];
  return endsOf(delta, at).filter((end) => !known.includes(end.version)).map((end) => ({
    code: 'version-unknown',
    at: end.at,
    message: `${formatPointer(end.at)} is ${quote(end.version)}, which is no version of the plan`,
    hint: suggestion(end.version, known, 'versions'),
  }));
}

function backward(delta: DeltaSource, at: Pointer): Finding[] {
  const { to } = delta;
  if (to === undefined || !isVersion(to)) return [];
  return endsOf(delta, at).slice(1).flatMap((end): Finding[] => {
    if (end.version === to) return [{ code: 'delta-self', at: end.at, message: `a delta from ${quote(to)} to itself`, hint: 'Remove it from the list.' }];
    if (!isVersion(end.version) || compareVersions(end.version, to) < 0) return [];
    return [{ code: 'delta-downgrade', at: end.at, message: `a delta from ${quote(end.version)} to ${quote(to)}, which is not newer`, hint: 'Deltas lead to newer versions; were the two swapped?' }];
  });
}
