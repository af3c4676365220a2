/** What the fleet's questions are asked of: plan, registry, fleet. */
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { readFleet } from '../../fleet/devices/read.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import { readRegistry } from '../../fleet/registry-file.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { RequiredPair } from './required.ts';
import type { Plan } from '../../core/plan.ts';

export type TargetFormat = 'OSTREE' | 'SWUPDATE';

/** A plan with its registry and its fleet, as they are now. */
export interface FleetSituation {
  plan: Plan;
  format: TargetFormat;
  registry: Registry;
  /** Absent when the plan names none. */
  fleet?: Fleet;
}

/** The delivery system of a plan. */
export const formatOf = (plan: Plan): TargetFormat => (plan.ostree === undefined ? 'SWUPDATE' : 'OSTREE');

/** Where a plan's registry lies: named by the plan, or in the archive root. */
export const registryFile = (plan: Plan): string => plan.targets?.file ?? join(plan.artifacts, 'targets.json');

/**
 * Reads registry and fleet.
 *
 * @throws ReleasePlanError `targets-not-found`, `targets-invalid`, `fleet-*`
 */
export async function openFleet(plan: Plan, signal?: AbortSignal): Promise<FleetSituation> {
  const registry = await readRegistry(registryFile(plan));
  const fleet =
    plan.fleet === undefined
      ? undefined
      : await readFleet(plan.fleet, { cwd: plan.dir, ...(signal ? { signal } : {}) });
  return { plan, format: formatOf(plan), registry, ...(fleet === undefined ? {} : { fleet }) };
}

/** The versions of a pair of SWUpdate software, which has one on either side. */
export const versionsOf = ({ from, to }: Pick<RequiredPair, 'from' | 'to'>): { from: string; to: string } => ({
  from: from.versions[0] ?? '',
  to: to.versions[0] ?? '',
});

/** @throws ReleasePlanError `fleet-missing` */
export function requireFleet({ plan, fleet }: FleetSituation): Fleet {
  if (fleet === undefined) throw new ReleasePlanError('fleet-missing', `${plan.file} has no fleet`);
  return fleet;
}
