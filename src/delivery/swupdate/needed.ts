/** Who needs what of the archive: the plan, other plans of the product, and the devices. What gc must not take. */
import { scopesOfOthers } from '../../archive/report-file.ts';
import type { RetentionFacts } from '../../archive/retention.ts';
import type { ArchiveState } from '../../core/archive.ts';
import { ReleasePlanError, asUserError } from '../../core/errors.ts';
import { PairMap, pairText, type Pair } from '../../core/pair.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import { TargetIndex, runningOf, targetsOf } from '../../fleet/running.ts';
import { requiredPairs } from '../../plan/pairs.ts';
import { compareVersions, isVersion } from '../../plan/version.ts';
import { retainedPairs } from '../fleet/rules.ts';
import type { FleetView } from '../fleet/view.ts';
import { fleetOf, registryOf, requireRegistry, type Inputs } from '../inputs.ts';
import { archiveFacts } from './facts.ts';
import { versionsOf } from './fleet-pairs.ts';
import { FORMAT, swupdateTargetName } from './target.ts';

/** What is needed: the facts of {@link decideRetention} that the archive's listing does not give. */
export interface Needed extends Pick<RetentionFacts, 'compareVersions'> {
  needed: Map<string, string>;
  requiredPairs: PairMap<true>;
  tagged: Set<string>;
  /** Archived versions (or such as were) that devices run, and how many; undefined when the plan names no fleet. */
  running: Map<string, number> | undefined;
}

/**
 * Finds out what of an archive somebody needs.
 *
 * @param archive manifests are enough
 * @throws ReleasePlanError `gc-undecided` when that cannot be told: the fleet
 *   cannot be read, or a device does not say what it runs
 */
export async function neededOf(inputs: Inputs, archive: ArchiveState): Promise<Needed> {
  const { plan } = inputs;
  const found: Needed = {
    needed: new Map(),
    requiredPairs: new PairMap(),
    tagged: new Set(),
    running: undefined,
    compareVersions,
  };
  for (const { version } of plan.versions) add(found, version, 'the plan names it');
  addPairs(found, requiredPairs(plan));
  for (const [version, entry] of archive.versions) {
    if (entry.state === 'damaged') add(found, version, 'it is damaged; see `release-plan verify`');
    if (entry.state === 'unreadable') add(found, version, 'it cannot be read; see `release-plan verify`');
    if (entry.state === 'whole' && entry.manifest.product !== plan.product)
      add(found, version, `it is of the product ${entry.manifest.product}`);
  }
  await undecided('the reports of other plans', async () => await addOtherPlans(found, inputs));
  const view = await undecided('registry and fleet', async () => await viewOf(inputs));
  for (const { version, tags } of targetsOf(view.registry, FORMAT)) if (tags.length > 0) found.tagged.add(version);
  if (view.fleet !== undefined) await addFleet(found, { ...view, fleet: view.fleet }, [...archive.versions.keys()]);
  return found;
}

/** The first reason stays. */
function add({ needed }: Needed, version: string, why: string): void {
  if (!needed.has(version)) needed.set(version, why);
}

function addPairs(found: Needed, pairs: readonly Pair[]): void {
  for (const pair of pairs) {
    found.requiredPairs.set(pair, true);
    for (const version of [pair.from, pair.to])
      add(found, version, `the required delta ${pairText(pair)} is made of it`);
  }
}

/** Whatever keeps an answer from being found becomes the one error: nothing is removed on a guess. */
async function undecided<T>(what: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const known = asUserError(error);
    if (known === undefined || known.code === 'interrupted') throw error;
    throw new ReleasePlanError('gc-undecided', `${what}: ${known.message}`, {
      cause: error,
      ...(known.hint === undefined ? {} : { hint: known.hint }),
    });
  }
}

/** Two plans may share an archive: what the other refers to is needed there. */
async function addOtherPlans(found: Needed, { plan }: Inputs): Promise<void> {
  for (const { name, scope } of await scopesOfOthers(plan)) {
    addPairs(found, scope.pairs);
    for (const version of scope.versions) add(found, version, `another plan's report names it: ${name}`);
  }
}

/** A registry that the plan does not name need not be there. */
async function viewOf(inputs: Inputs): Promise<FleetView> {
  const registry = inputs.plan.targets === undefined ? registryOf(inputs) : requireRegistry(inputs);
  const fleet = await fleetOf(inputs);
  return { plan: inputs.plan, format: FORMAT, registry, ...(fleet === undefined ? {} : { fleet }) };
}

async function addFleet(found: Needed, view: FleetView & { fleet: Fleet }, archived: readonly string[]): Promise<void> {
  found.running = runningVersions(view, archived);
  for (const [version, devices] of found.running)
    add(found, version, `${devices} ${devices === 1 ? 'device runs' : 'devices run'} it`);
  const pairs = await undecided('the deltas that devices require', async () =>
    retainedPairs(view, await archiveFacts(view.plan, view.registry)),
  );
  addPairs(found, pairs.map(versionsOf));
}

/**
 * How many devices run each version. Pure.
 *
 * @param archived versions whose spelling is taken where a device says 1.0 and the archive 1.0.0
 * @throws ReleasePlanError `gc-undecided` when a device does not say what it runs
 */
export function runningVersions(
  { plan, registry, fleet }: Pick<FleetView, 'plan' | 'registry'> & { fleet: Fleet },
  archived: readonly string[],
): Map<string, number> {
  if (fleet.bad.count > 0)
    throw silent(
      fleet.bad.count,
      fleet.bad.diagnostics.slice(0, 3).map((one) => `line ${one.where?.line ?? 0} ${one.message}`),
      fleet.source,
    );
  const index = new TargetIndex(targetsOf(registry, FORMAT));
  const byName = new Map(archived.map((version) => [swupdateTargetName(plan, version), version]));
  const running = new Map<string, number>();
  for (const group of fleet.groups.filter((one) => one.devices > 0)) {
    const said = runningOf(group, index).version ?? byName.get(group.targetName ?? '');
    if (said === undefined || !isVersion(said)) throw silent(group.devices, group.examples, fleet.source);
    const version =
      archived.find((one) => one === said) ?? archived.find((one) => compareVersions(one, said) === 0) ?? said;
    running.set(version, (running.get(version) ?? 0) + group.devices);
  }
  return running;
}

const silent = (devices: number, examples: readonly string[], source: string): ReleasePlanError =>
  new ReleasePlanError(
    'gc-undecided',
    `${source}: ${devices} ${devices === 1 ? 'device does' : 'devices do'} not say which version ` +
      `${devices === 1 ? 'it runs' : 'they run'} (${examples.join(', ')})`,
    {
      hint: 'Correct them at their source, or take devices that are no more out of the fleet.',
    },
  );
