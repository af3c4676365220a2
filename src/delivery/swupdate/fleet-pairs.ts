/** What the fleet requires of a SWUpdate plan: devices on a tag decide, where the plan names a fleet. */
import { existsSync } from 'node:fs';
import { readFleet } from '../../fleet/devices/read.ts';
import { readRegistry } from '../../fleet/registry-file.ts';
import { emptyRegistry, type Registry, type Target } from '../../fleet/registry.ts';
import { requiredDeltas, type BasisFacts } from '../fleet/required.ts';
import { swupdateTargetName } from './target.ts';
import type { DeltaRule, Plan } from '../../core/plan.ts';
import { requiredPairs, type RequiredPair } from '../../plan/pairs.ts';
import type { CheckRow } from '../../report/consistency.ts';
import { basisFacts } from '../fleet/facts.ts';
import { counted } from '../../text/count.ts';
import { registryFile, versionsOf } from '../fleet/open.ts';
import { badRows, deviceRows } from '../fleet/rows.ts';

/** A required delta with the devices that it serves, where the fleet is known. */
export interface FleetPair extends RequiredPair {
  devices?: number;
}

/**
 * The pairs that the plan's rules require. A rule by tag means the devices on
 * the tag; without a fleet, the versions that the plan gives the tag to.
 *
 * @throws ReleasePlanError `fleet-*`, `targets-invalid`
 */
export async function pairsOfPlan(plan: Plan, signal?: AbortSignal): Promise<{ pairs: FleetPair[]; rows: CheckRow[] }> {
  const tagRules = plan.deltas.filter((rule) => rule.from.kind === 'tag');
  if (plan.fleet === undefined || tagRules.length === 0) return { pairs: requiredPairs(plan), rows: [] };
  const fleet = await readFleet(plan.fleet, { cwd: plan.dir, ...(signal ? { signal } : {}) });
  const registry = await knownVersions(plan);
  const facts = plannedFacts(plan, await basisFacts({ plan, format: 'SWUPDATE', registry, fleet }, signal));
  const found = new Map<string, FleetPair>();
  const rows = badRows(fleet);
  for (const rule of plan.deltas) {
    const tag = tagOf(rule);
    // A tag that no device follows yet requires nothing.
    const answer =
      tag === undefined || !fleet.tags.includes(tag)
        ? undefined
        : requiredDeltas(
            registry,
            fleet,
            { format: 'SWUPDATE', to: rule.to, from: [], tag, allowDowngrade: false },
            facts,
          );
    const pairs: FleetPair[] =
      tag === undefined
        ? requiredPairs({ ...plan, deltas: [rule] })
        : (answer?.pairs ?? []).map((pair) => ({
            ...versionsOf(pair),
            engine: rule.engine,
            rule: `${counted(pair.devices, 'device')} on ${tag}`,
            devices: pair.devices,
          }));
    for (const pair of pairs)
      if (!found.has(JSON.stringify([pair.from, pair.to]))) found.set(JSON.stringify([pair.from, pair.to]), pair);
    if (tag !== undefined && answer !== undefined) rows.push(...deviceRows(tag, answer));
  }
  return { pairs: [...found.values()], rows };
}

const tagOf = ({ from }: DeltaRule): string | undefined => (from.kind === 'tag' ? from.tag : undefined);

/** The registry, and the plan's versions that it does not have yet: they are about to be built. */
async function knownVersions(plan: Plan): Promise<Registry> {
  const file = registryFile(plan);
  const registry = existsSync(file) ? await readRegistry(file) : emptyRegistry(file);
  const planned = plan.versions
    .filter(({ version }) => !registry.targets.some((target) => target.name === swupdateTargetName(plan, version)))
    .map(({ version, tags }): Target => ({
      name: swupdateTargetName(plan, version),
      sha256: '',
      version,
      tags,
      hardwareIds: [plan.machine],
      format: 'SWUPDATE',
      custom: { name: `${plan.machine}-${plan.image}` },
    }));
  // Other products may share the archive root, and with it the registry.
  const ours = registry.targets.filter(
    (target) => target.custom.name === undefined || target.custom.name === `${plan.machine}-${plan.image}`,
  );
  return { ...registry, targets: [...ours, ...planned] };
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
