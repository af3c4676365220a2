/** The updates of a SWUpdate product as the fleet's deltas. */
import { updateDir } from '../../archive/layout.ts';
import { readUpdate } from '../../archive/manifest.ts';
import type { RequiredPair } from '../fleet/required.ts';
import type { Plan } from '../../core/plan.ts';
import { apply, type ApplyResult } from '../../jobs/apply.ts';
import type { StepHost } from '../../jobs/session.ts';
import { versionsOf } from '../fleet/open.ts';

/**
 * Makes the updates of these pairs as `apply` would, and nothing else. The
 * engine is that of the plan's rule for the version, or rdiff.
 */
export async function makeSwupdateDeltas(
  plan: Plan,
  pairs: readonly RequiredPair[],
  host: StepHost,
  waitMs: number,
): Promise<ApplyResult> {
  const deltas = [...groupByTarget(pairs)].map(([to, versions]) => ({
    to,
    from: { kind: 'list' as const, versions },
    engine: plan.deltas.find((rule) => rule.to === to)?.engine ?? ('rdiff' as const),
    maxShare: plan.deltas.find((rule) => rule.to === to)?.maxShare ?? 1,
  }));
  return await apply({ ...plan, deltas }, host, { only: ['delta'], keepGoing: true, waitMs });
}

function groupByTarget(pairs: readonly RequiredPair[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { from, to } of pairs.map(versionsOf)) groups.set(to, [...(groups.get(to) ?? []), from]);
  return groups;
}

/** What keeps devices from using each update, in the order of the pairs; undefined where nothing does. */
export async function swupdateProblems(
  plan: Plan,
  pairs: readonly RequiredPair[],
  signal?: AbortSignal,
): Promise<Array<string | undefined>> {
  const problems: Array<string | undefined> = [];
  for (const { from, to } of pairs.map(versionsOf)) {
    const held = await readUpdate(updateDir(plan, from, to), from, to, signal ? { signal } : {});
    if (held.state === 'absent') problems.push('is missing');
    else if (held.state !== 'whole') problems.push(`is ${held.state}: ${held.problems.join('; ')}`);
    else {
      const open = held.manifest.proof.filter((proof) => proof.result !== 'pass' && proof.check === 'delta-applies');
      problems.push(open.length === 0 ? undefined : `was not proven: ${open.map((proof) => proof.detail).join('; ')}`);
    }
  }
  return problems;
}
