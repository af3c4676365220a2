/** Who needs what of the archive: the plan, other plans of the product, and the devices. What gc must not take. */
import { dirname, join } from 'node:path';
import { reportFile } from '../../archive/layout.ts';
import { ReleasePlanError, asUserError } from '../../core/errors.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import { readFleet } from '../../fleet/devices/read.ts';
import { readRegistry } from '../../fleet/registry-file.ts';
import { emptyRegistry, type Registry } from '../../fleet/registry.ts';
import { TargetIndex, runningOf, targetsOf } from '../../fleet/running.ts';
import { swupdateTargetName } from './target.ts';
import { readDocument } from '../../io/documents/read.ts';
import type { ConsistencyReport } from '../../report/consistency.ts';
import { namesIn } from '../../io/folder.ts';
import { pairKey, type ArchiveState } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { requiredPairs } from '../../plan/pairs.ts';
import { compareVersions, isVersion } from '../../plan/version.ts';
import { basisFacts } from '../fleet/facts.ts';
import { registryFile, type FleetSituation } from '../fleet/open.ts';
import { retainedPairs } from '../fleet/rules.ts';

/** What is needed. */
export interface Need {
  /** Versions that stay, and why; the first reason that was found. */
  bound: Map<string, string>;
  /** Deltas that some rule requires, by pair. */
  requiredPairs: Set<string>;
  /** Versions that have a tag in the registry. */
  tagged: Set<string>;
  /** Archived versions (or such as were) that devices run, and how many; undefined when the plan names no fleet. */
  running: Map<string, number> | undefined;
}

/**
 * Finds out what of an archive somebody needs.
 *
 * @param state what the archive holds; manifests are enough
 * @throws ReleasePlanError `gc-undecided` when that cannot be told: the fleet
 *   cannot be read, or a device does not say what it runs
 */
export async function needOf(plan: Plan, state: ArchiveState, signal?: AbortSignal): Promise<Need> {
  const need: Need = { bound: new Map(), requiredPairs: new Set(), tagged: new Set(), running: undefined };
  for (const { version } of plan.versions) bind(need, version, 'the plan names it');
  addPairs(need, requiredPairs(plan));
  for (const [version, held] of state.versions) {
    if (held.state === 'damaged') bind(need, version, 'it is damaged; see `release-plan verify`');
    if (held.state === 'unreadable') bind(need, version, 'it cannot be read; see `release-plan verify`');
    if (held.state === 'whole' && held.manifest.product !== plan.product)
      bind(need, version, `it is of the product ${held.manifest.product}`);
  }
  await undecided('the reports of other plans', async () => await addOtherPlans(need, plan));
  const situation = await undecided('registry and fleet', async () => await openNeed(plan, signal));
  for (const { version, tags } of targetsOf(situation.registry, 'SWUPDATE'))
    if (tags.length > 0) need.tagged.add(version);
  if (situation.fleet !== undefined)
    await addFleet(need, { ...situation, fleet: situation.fleet }, [...state.versions.keys()]);
  return need;
}

function bind(need: Need, version: string, why: string): void {
  if (!need.bound.has(version)) need.bound.set(version, why);
}

function addPairs(need: Need, pairs: ReadonlyArray<{ from: string; to: string }>): void {
  for (const { from, to } of pairs) {
    need.requiredPairs.add(pairKey(from, to));
    for (const version of [from, to]) bind(need, version, `the required delta ${pairKey(from, to)} is made of it`);
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

/** Two plans may share an archive: what the report of the other is about is needed there. */
async function addOtherPlans(need: Need, plan: Plan): Promise<void> {
  const own = reportFile(plan, 'json');
  const folder = dirname(own);
  for (const name of (await namesIn(folder)).filter((one) => one.endsWith('.json') && join(folder, one) !== own)) {
    for (const subject of await subjectsOf(join(folder, name))) {
      const [from = '', to] = subject.split(' -> ');
      if (to !== undefined) addPairs(need, [{ from, to }]);
      else if (isVersion(from)) bind(need, from, `another plan's report names it: ${name}`);
    }
  }
}

async function subjectsOf(path: string): Promise<string[]> {
  const opened = await readDocument<ConsistencyReport>('report', path);
  if ('value' in opened) return opened.value.checks.map((row) => row.subject);
  throw new ReleasePlanError('gc-undecided', `${path} ${opened.problem}`, {
    hint: 'Write it again with `release-plan apply`, or remove it when its plan is no more.',
  });
}

async function openNeed(plan: Plan, signal: AbortSignal | undefined): Promise<FleetSituation> {
  const registry = await registryOf(plan);
  const fleet =
    plan.fleet === undefined
      ? undefined
      : await readFleet(plan.fleet, { cwd: plan.dir, ...(signal ? { signal } : {}) });
  return { plan, format: 'SWUPDATE', registry, ...(fleet === undefined ? {} : { fleet }) };
}

/** A registry that the plan does not name need not be there. */
async function registryOf(plan: Plan): Promise<Registry> {
  const file = registryFile(plan);
  try {
    return await readRegistry(file);
  } catch (error) {
    if (plan.targets === undefined && error instanceof ReleasePlanError && error.code === 'targets-not-found')
      return emptyRegistry(file);
    throw error;
  }
}

async function addFleet(
  need: Need,
  situation: FleetSituation & { fleet: Fleet },
  archived: readonly string[],
): Promise<void> {
  need.running = runningVersions(situation, archived);
  for (const [version, devices] of need.running)
    bind(need, version, `${devices} ${devices === 1 ? 'device runs' : 'devices run'} it`);
  const pairs = await undecided('the deltas that devices require', async () =>
    retainedPairs(situation, await basisFacts(situation)),
  );
  addPairs(
    need,
    pairs.flatMap(({ from, to }) =>
      from.versions.flatMap((one) => to.versions.map((other) => ({ from: one, to: other }))),
    ),
  );
}

/**
 * How many devices run each version. Pure.
 *
 * @param archived versions whose spelling is taken where a device says 1.0 and the archive 1.0.0
 * @throws ReleasePlanError `gc-undecided` when a device does not say what it runs
 */
export function runningVersions(
  { plan, registry, fleet }: Pick<FleetSituation, 'plan' | 'registry'> & { fleet: Fleet },
  archived: readonly string[],
): Map<string, number> {
  if (fleet.bad.count > 0)
    throw silent(
      fleet.bad.count,
      fleet.bad.diagnostics.slice(0, 3).map((one) => `line ${one.where?.line ?? 0} ${one.message}`),
      fleet.source,
    );
  const index = new TargetIndex(targetsOf(registry, 'SWUPDATE'));
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
