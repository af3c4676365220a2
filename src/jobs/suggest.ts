/** Which bases are worth a delta, for the devices of a tag or for all of them. */
import type { Plan } from '../core/plan.ts';
import { uncoveredOf, type Uncovered } from '../delivery/fleet/coverage.ts';
import { endInWords, requiredDeltas } from '../delivery/fleet/required.ts';
import { fleetView } from '../delivery/fleet/view.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, requireFleet, requireRegistry } from '../delivery/inputs.ts';
import { distinct } from '../fleet/running.ts';
import type { Fleet } from '../fleet/devices/tally.ts';
import type { Limits } from '../insight/suggest/choose.ts';
import { suggestBases, type Suggestion } from '../insight/suggest/suggest.ts';

export interface SuggestQuestion {
  to: string;
  /** The devices on it; all of them without. */
  tag?: string;
  limits: Limits;
}

export interface Suggested extends Suggestion {
  tag: string | null;
  fleet: Fleet;
  /** Devices that no delta can serve, whatever is chosen. */
  uncovered: Uncovered[];
}

/**
 * Reads fleet, registry and archive, and suggests; changes nothing.
 *
 * @throws ReleasePlanError `targets-*`, `fleet-*`, `target-unknown`, `tag-unknown`, `signature-corrupt`
 */
export async function suggest(
  plan: Plan,
  { to, tag, limits }: SuggestQuestion,
  host: Pick<Host, 'env' | 'signal' | 'runsCommands'>,
): Promise<Suggested> {
  const { format, deltas } = deliveryOf(plan);
  const { signal } = host;
  const inputs = await readInputs(plan, host);
  requireRegistry(inputs);
  const fleet = await requireFleet(inputs);
  const { registry } = await fleetView(inputs, format);
  const devices = tag === undefined ? { isOfEveryone: true as const } : { tag };
  const question = { format, to, from: [], allowDowngrade: false, ...deltas.own(plan), ...devices };
  const facts = await deltas.facts(inputs, signal);
  const answer = requiredDeltas(registry, fleet, question, facts);
  const updating = answer.ways.reduce(
    (sum, { group, way }) => sum + (way.kind === 'delta' || way.kind === 'full-image' ? group.devices : 0),
    0,
  );
  const { deltas: made, fullBytes } = await deltas.sizes(inputs, to, signal);
  const suggestion = await suggestBases({
    key: plan,
    partitions: plan.partitions,
    to,
    bases: answer.pairs
      .map((pair) => ({ version: endInWords(pair.from), devices: pair.devices }))
      .sort((a, b) => facts.compareVersions(a.version, b.version)),
    updating,
    versions: distinct([...registry.targets.map(({ version }) => version), to]).sort(facts.compareVersions),
    made,
    ...(fullBytes === undefined ? {} : { fullBytes }),
    maxShare: plan.deltas.find((rule) => rule.to === to)?.maxShare ?? 1,
    limits,
    signal,
  });
  return { ...suggestion, tag: tag ?? null, fleet, uncovered: uncoveredOf(answer) };
}

/** The limits of the plan's own rule for a version; what most fleets want without one. */
export function plannedLimits(plan: Plan, to: string, tag: string | undefined): Limits {
  for (const rule of plan.deltas) {
    if (rule.to !== to || rule.from.kind !== 'cover' || (tag ?? rule.from.tag) !== rule.from.tag) continue;
    return { cover: rule.from.share, ...(rule.from.max === undefined ? {} : { max: rule.from.max }) };
  }
  return { cover: 0.99 };
}
