/** What questions about a fleet are asked of: plan, registry and fleet, resolved. */
import type { Plan } from '../../core/plan.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import type { Registry, TargetFormat } from '../../fleet/registry.ts';
import { fleetOf, registryOf, type Inputs } from '../inputs.ts';

export interface FleetView {
  plan: Plan;
  /** The delivery system's Targets are those of this format. */
  format: TargetFormat;
  registry: Registry;
  /** Absent when the plan names none. */
  fleet?: Fleet;
}

/** @throws ReleasePlanError `targets-invalid`, `fleet-*` */
export async function fleetView(inputs: Inputs, format: TargetFormat): Promise<FleetView> {
  const fleet = await fleetOf(inputs);
  return { plan: inputs.plan, format, registry: registryOf(inputs), ...(fleet === undefined ? {} : { fleet }) };
}
