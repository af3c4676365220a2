import { TargetIndex, runningOf } from '../../fleet/running.ts';
import { readFleet } from '../../fleet/devices/read.ts';
import { readRegistry } from '../../fleet/registry-file.ts';
import type { Code } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { VersionUse } from '../../plan/compare.ts';
import type { Target } from '../../fleet/registry.ts';
import { registryFile } from './open.ts';

/** Who runs what of a product, or why that is not known. */
export type Uses = { byVersion: Map<string, VersionUse> } | { unknown: string; code: Code };

/** Names kept per version. */
const EXAMPLES = 3;

/**
 * The devices on each version, as the plan's fleet says. A fleet that cannot
 * be read is not one without devices: it is unknown.
 */
export async function usesOf(plan: Plan, signal?: AbortSignal): Promise<Uses> {
  if (plan.fleet === undefined) return { unknown: 'the plan has no fleet', code: 'fleet-missing' };
  try {
    const fleet = await readFleet(plan.fleet, { cwd: plan.dir, ...(signal ? { signal } : {}) });
    const index = new TargetIndex(await registryTargets(plan));
    const byVersion = new Map<string, VersionUse>();
    for (const group of fleet.groups) {
      const { version, hardwareIds } = runningOf(group, index);
      // Other products may be in the same fleet.
      if (version === undefined || (hardwareIds.length > 0 && !hardwareIds.includes(plan.machine))) continue;
      const use = byVersion.get(version) ?? { devices: 0, examples: [] };
      byVersion.set(version, {
        devices: use.devices + group.devices,
        examples: [...use.examples, ...group.examples].slice(0, EXAMPLES),
      });
    }
    return { byVersion };
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    return { unknown: error.message, code: error.code };
  }
}

/** The registry's Targets; none before there is one: then devices are told by the version that they name. */
export async function registryTargets(plan: Plan): Promise<Target[]> {
  try {
    return (await readRegistry(registryFile(plan))).targets;
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'targets-not-found') return [];
    throw error;
  }
}

/** The plan as if it named no fleet: its tags alone decide. */
export function withoutFleet(plan: Plan): Plan {
  const { fleet: _fleet, ...rest } = plan;
  return rest;
}
