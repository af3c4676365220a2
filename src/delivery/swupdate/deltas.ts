/** The updates of a SWUpdate product as the fleet's deltas. */
import { updateDir } from '../../archive/layout.ts';
import { readUpdate } from '../../archive/manifest.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { FleetDeltas } from '../delivery.ts';
import { engines } from '../engines/index.ts';
import type { RequiredPair } from '../fleet/required.ts';
import { registryOf } from '../inputs.ts';
import { archiveFacts } from './facts.ts';
import { ownDevices, versionsOf } from './fleet-pairs.ts';

export const deltas: FleetDeltas = {
  missingCode: 'archive-missing',
  own: ownDevices,
  facts: async (inputs) => await archiveFacts(inputs.plan, registryOf(inputs)),
  problems,
  // A base that is not archived is an obstacle already.
  cautions: () => [],
  async make({ plan }, pairs, { signal }, { apply }) {
    await apply(planOf(plan, pairs));
    const [problem] = (await problems(plan, pairs, signal)).filter((one) => one !== undefined);
    if (problem !== undefined)
      throw new ReleasePlanError('pair-inconsistent', `a delta to ${pairs[0]?.to.versions[0] ?? ''} ${problem}`);
  },
  unrequired: async () => undefined,
  prune: async () => undefined,
};

/** The plan with rules for just these pairs; the engine is that of its own rule for the version, or the first. */
function planOf(plan: Plan, pairs: readonly RequiredPair[]): Plan {
  const byTarget = new Map<string, string[]>();
  for (const { from, to } of pairs.map(versionsOf)) byTarget.set(to, [...(byTarget.get(to) ?? []), from]);
  const rules = [...byTarget].map(([to, versions]) => ({
    to,
    from: { kind: 'list' as const, versions },
    engine: plan.deltas.find((rule) => rule.to === to)?.engine ?? engines[0].name,
    maxShare: plan.deltas.find((rule) => rule.to === to)?.maxShare ?? 1,
  }));
  return { ...plan, deltas: rules };
}

/** What keeps devices from using each update, in the order of the pairs; undefined where nothing does. */
async function problems(
  plan: Plan,
  pairs: readonly RequiredPair[],
  signal?: AbortSignal,
): Promise<Array<string | undefined>> {
  const found: Array<string | undefined> = [];
  for (const pair of pairs) {
    const { from, to } = versionsOf(pair);
    // A tag may reach several machines of a product, whose archives are beside one another.
    const key = { ...plan, machine: pair.hardwareIds[0] ?? plan.machine };
    const entry = await readUpdate(updateDir(key, from, to), from, to, signal ? { signal } : {});
    if (entry.state === 'absent') found.push('is missing');
    else if (entry.state !== 'whole') found.push(`is ${entry.state}: ${entry.problems.join('; ')}`);
    else {
      const open = entry.manifest.proof.filter((proof) => proof.result !== 'pass' && proof.check === 'delta-applies');
      found.push(open.length === 0 ? undefined : `is unproven: ${open.map((proof) => proof.detail).join('; ')}`);
    }
  }
  return found;
}
