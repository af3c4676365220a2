/** What a plan says, with the registry and the fleet that it names: read once for a command, and not changed. */
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { readFleet } from '../fleet/devices/read.ts';
import type { Fleet } from '../fleet/devices/tally.ts';
import { readRegistry } from '../fleet/registry-file.ts';
import { emptyRegistry, type Registry } from '../fleet/registry.ts';

/** What came of reading something: there is none, it was read, or it could not be read, which is not the same as none. */
export type Reading<T> = { state: 'none' } | { state: 'read'; value: T } | { state: 'failed'; error: ReleasePlanError };

export interface Inputs {
  readonly plan: Plan;
  readonly registry: Reading<Registry>;
  /** Read when it is first asked for, and once: a command may take half a minute, and answer differently. */
  readonly fleet: () => Promise<Reading<Fleet>>;
}

/** Where a plan's registry is: named by the plan, or in the archive root. */
export const registryFile = (plan: Plan): string => plan.targets?.file ?? join(plan.artifacts, 'targets.json');

/**
 * Reads the registry, and the fleet when it is asked for. A failure is kept for whoever needs what could not be read.
 *
 * @param known of another plan, or another text of this one: what both name is not read again
 * @throws ReleasePlanError `interrupted`
 */
export async function readInputs(plan: Plan, signal?: AbortSignal, known?: Inputs): Promise<Inputs> {
  let fleet: Promise<Reading<Fleet>> | undefined;
  const hasRegistry = known !== undefined && registryFile(known.plan) === registryFile(plan);
  const hasFleet = known !== undefined && sameFleet(known.plan, plan);
  return {
    plan,
    registry: hasRegistry ? known.registry : await reading(async () => await readRegistry(registryFile(plan))),
    fleet: hasFleet ? known.fleet : async () => await (fleet ??= readFleetOf(plan, signal)),
  };
}

/** A command is run in the plan's folder, and may answer differently in another. */
const sameFleet = (a: Plan, b: Plan): boolean => a.dir === b.dir && JSON.stringify(a.fleet) === JSON.stringify(b.fleet);

async function readFleetOf({ fleet, dir }: Plan, signal: AbortSignal | undefined): Promise<Reading<Fleet>> {
  if (fleet === undefined) return { state: 'none' };
  return await reading(async () => await readFleet(fleet, { cwd: dir, ...(signal ? { signal } : {}) }));
}

async function reading<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { state: 'read', value: await read() };
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    return error.code === 'targets-not-found' ? { state: 'none' } : { state: 'failed', error };
  }
}

/** What was read; undefined where there is none. @throws ReleasePlanError that reading it failed with */
function valueOf<T>(reading: Reading<T>): T | undefined {
  switch (reading.state) {
    case 'none':
      return undefined;
    case 'read':
      return reading.value;
    case 'failed':
      throw reading.error;
  }
}

/** The fleet; undefined when the plan names none. @throws ReleasePlanError `fleet-*` */
export const fleetOf = async ({ fleet }: Pick<Inputs, 'fleet'>): Promise<Fleet | undefined> => valueOf(await fleet());

/** The registry; an empty one before there is a file. @throws ReleasePlanError `targets-invalid` */
export const registryOf = ({ plan, registry }: Pick<Inputs, 'plan' | 'registry'>): Registry =>
  valueOf(registry) ?? emptyRegistry(registryFile(plan));

/** @throws ReleasePlanError `targets-not-found`, `targets-invalid` */
export function requireRegistry({ plan, registry }: Pick<Inputs, 'plan' | 'registry'>): Registry {
  const found = valueOf(registry);
  if (found !== undefined) return found;
  throw new ReleasePlanError('targets-not-found', `there is no targets.json at ${registryFile(plan)}`);
}

/** @throws ReleasePlanError `fleet-missing`, `fleet-*` */
export async function requireFleet(inputs: Inputs): Promise<Fleet> {
  const fleet = await fleetOf(inputs);
  if (fleet === undefined) throw new ReleasePlanError('fleet-missing', `${inputs.plan.file} names no fleet`);
  return fleet;
}

/** The inputs as if the plan named no fleet: its tags alone decide. */
export function withoutFleet(inputs: Inputs): Inputs {
  const { fleet: _fleet, ...plan } = inputs.plan;
  return { ...inputs, plan, fleet: async () => ({ state: 'none' }) };
}
