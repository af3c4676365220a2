/** Who runs what of a product, as findings and comparisons ask it. */
import { takeInventory } from '../../archive/inventory.ts';
import type { Code } from '../../core/codes.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { TargetIndex, runningOf } from '../../fleet/running.ts';
import type { VersionUse } from '../../plan/compare.ts';
import type { Finding } from '../../plan/finding.ts';
import { fleetOf, registryOf, type Inputs } from '../inputs.ts';

/** Who runs what of a product, or why that is not known. */
export type Uses = { byVersion: Map<string, VersionUse> } | { unknown: string; code: Code };

/** Names kept per version. */
const EXAMPLES = 3;

/**
 * The devices on each version, as the plan's fleet says. A fleet that cannot
 * be read is not one without devices: it is unknown.
 */
export async function usesOf(inputs: Inputs): Promise<Uses> {
  try {
    const fleet = await fleetOf(inputs);
    if (fleet === undefined) return { unknown: 'the plan names no fleet', code: 'fleet-missing' };
    const index = new TargetIndex(registryOf(inputs).targets);
    const byVersion = new Map<string, VersionUse>();
    for (const group of fleet.groups) {
      const { version, hardwareIds } = runningOf(group, index);
      // Other products may be in the same fleet.
      if (version === undefined || (hardwareIds.length > 0 && !hardwareIds.includes(inputs.plan.machine))) continue;
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

/** Devices whose version nobody has: they take the full image. */
export async function fleetFindings(inputs: Inputs, uses: Uses): Promise<Finding[]> {
  const { plan } = inputs;
  if (plan.fleet === undefined) return [];
  const at = ['fleet'];
  if ('unknown' in uses) return [{ code: uses.code, severity: 'warning', at, message: uses.unknown }];
  const known = new Set([
    ...plan.versions.map((one) => one.version),
    ...(await takeInventory(plan)).versions,
    ...registryOf(inputs).targets.map((one) => one.version),
  ]);
  return [...uses.byVersion]
    .filter(([version]) => !known.has(version))
    .map(([version, { devices, examples }]) => ({
      code: 'base-unknown',
      severity: 'warning',
      at,
      message:
        `${devices} ${devices === 1 ? 'device runs' : 'devices run'} ${version}, which is neither planned ` +
        `nor archived (${examples.join(', ')})`,
    }));
}
