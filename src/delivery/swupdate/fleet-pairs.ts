/** What the fleet requires of a SWUpdate plan: devices on a tag decide, where the plan names a fleet. */
import { PairMap, type Pair } from '../../core/pair.ts';
import type { DeltaRule, Plan } from '../../core/plan.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import type { Registry, Target } from '../../fleet/registry.ts';
import { counted } from '../../text/count.ts';
import { requiredPairs } from '../../plan/pairs.ts';
import { coverRequired } from '../fleet/cover.ts';
import { requiredDeltas, type BasisFacts, type RequiredDeltas, type RequiredPair } from '../fleet/required.ts';
import { asksFleet, devicesOf, tagOf } from '../fleet/rules.ts';
import { badRows } from '../fleet/rows.ts';
import { fleetIfAsked, registryOf, type Inputs } from '../inputs.ts';
import type { FleetPair } from '../snapshot.ts';
import { archiveFacts } from './facts.ts';
import type { DeviceAnswers, SwupdateSnapshot } from './snapshot.ts';
import { FORMAT, swupdateTargetName } from './target.ts';

/**
 * The updates that the plan's rules require. A rule by tag means the devices on
 * the tag; without a fleet, the versions that the plan gives the tag to.
 *
 * @throws ReleasePlanError `fleet-*`, `targets-invalid`
 */
export async function requiredUpdates(
  inputs: Inputs,
): Promise<{ pairs: FleetPair[]; devices: SwupdateSnapshot['devices'] }> {
  const { plan } = inputs;
  if (plan.fleet === undefined || !plan.deltas.some(asksFleet))
    return { pairs: requiredPairs(plan), devices: undefined };
  const fleet = await fleetIfAsked(inputs);
  if (fleet === undefined) return { pairs: requiredPairs(plan), devices: 'not asked' };
  const registry = knownVersions(plan, registryOf(inputs));
  const facts = plannedFacts(plan, await archiveFacts(plan, registry));
  const found = new PairMap<FleetPair>();
  const answers: Array<DeviceAnswers['answers'][number]> = [];
  for (const rule of plan.deltas) {
    const tag = devicesOf(rule);
    const answer = answerOf(rule, fleet, registry, plan, facts);
    const pairs: FleetPair[] = asksFleet(rule)
      ? (answer?.pairs ?? []).map((pair) => ({
          ...versionsOf(pair),
          engine: rule.engine,
          rule: `${counted(pair.devices, 'device')} ${tagOf(rule) === undefined ? 'of the fleet' : `on ${tag}`}`,
          devices: pair.devices,
          maxShare: rule.maxShare,
        }))
      : requiredPairs({ ...plan, deltas: [rule] });
    for (const pair of pairs) if (!found.has(pair)) found.set(pair, pair);
    if (answer !== undefined) answers.push({ tag, answer });
  }
  return { pairs: found.values(), devices: { bad: badRows(fleet), answers } };
}

/** The versions of a pair of SWUpdate software, which has one on either side. */
export const versionsOf = ({ from, to }: Pick<RequiredPair, 'from' | 'to'>): Pair => ({
  from: from.versions[0] ?? '',
  to: to.versions[0] ?? '',
});

/** What the devices say to a rule; undefined for one that they do not decide, or whose tag none follows yet. */
function answerOf(
  rule: DeltaRule,
  fleet: Fleet,
  registry: Registry,
  plan: Plan,
  facts: BasisFacts,
): RequiredDeltas | undefined {
  const tag = tagOf(rule);
  if (!asksFleet(rule) || (tag !== undefined && !fleet.tags.includes(tag))) return undefined;
  const devices = tag === undefined ? { isOfEveryone: true as const } : { tag };
  const question = { format: FORMAT, to: rule.to, from: [], allowDowngrade: false, ...ownDevices(plan), ...devices };
  const answer = requiredDeltas(registry, fleet, question, facts);
  return rule.from.kind === 'cover' ? coverRequired(answer, rule.from) : answer;
}

/** The fleet may have other products, and this one on other machines: a plan judges the devices of its own. */
export const ownDevices = ({ machine, image }: Plan): { hardwareId: string; family: string } => ({
  hardwareId: machine,
  family: `${machine}-${image}`,
});

/** The registry, and the plan's versions that it does not have yet: they are about to be built. */
function knownVersions(plan: Plan, registry: Registry): Registry {
  const planned = plan.versions
    .filter(({ version }) => !registry.targets.some((target) => target.name === swupdateTargetName(plan, version)))
    .map(({ version, tags }): Target => ({
      name: swupdateTargetName(plan, version),
      sha256: '',
      version,
      tags,
      hardwareIds: [plan.machine],
      format: FORMAT,
      custom: { name: `${plan.machine}-${plan.image}` },
    }));
  return { ...registry, targets: [...registry.targets, ...planned] };
}

/** A version that is not archived yet, and planned, is no obstacle: it is built before the delta. */
function plannedFacts(plan: Plan, facts: BasisFacts): BasisFacts {
  const planned = new Set(plan.versions.map(({ version }) => version));
  return {
    ...facts,
    obstacle(from, to) {
      const found = facts.obstacle(from, to);
      const isPlanned = [from, to].every(({ versions }) => versions.every((version) => planned.has(version)));
      return found?.reason === 'base-missing' && isPlanned ? undefined : found;
    },
  };
}
