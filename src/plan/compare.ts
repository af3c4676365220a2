/** What a change of the plan would cause. Pure. */
import { PairMap, pairSet, pairText, type Pair } from '../core/pair.ts';
import type { EngineName, Plan } from '../core/plan.ts';
import { sameWork, type Step } from '../core/step.ts';
import type { RequiredPair } from './pairs.ts';

/** A plan and what apply would do for it, all against one and the same archive. */
export interface PlanView {
  plan: Plan;
  pairs: readonly RequiredPair[];
  /** Digest of what the plan says of packaging, by engine. */
  recipes: ReadonlyMap<EngineName, string>;
  steps: readonly Step[];
}

/** Devices on one version. */
export interface VersionUse {
  devices: number;
  /** Some of their names. */
  examples: string[];
}

/** Who runs what, by version; or that the plan names no fleet, or one that could not be asked. */
export type VersionUses = ReadonlyMap<string, VersionUse> | 'none' | 'unknown';

/** An update that the change makes necessary. */
export interface CausedDelta {
  from: string;
  to: string;
  engine: EngineName;
  why: string;
}

/** A version that the plan no longer has. */
export interface RemovedVersion {
  version: string;
  /** Why it is still needed, a line each; none when nothing needs it, null when devices might and nobody could ask. */
  neededBy: string[] | null;
  /** Devices that run it; null when that could not be asked, absent when the plan names no fleet. */
  devices?: number | null;
}

export interface ChangedSetting {
  /** `swu.compress`, `partitions.rootfs.slot_size_bytes`: as the plan writes it, units in the name. */
  key: string;
  /** JSON; undefined where there is none. */
  before?: string;
  after?: string;
}

/** What the change would cause, beyond what was to be done before it. */
export interface PlanComparison {
  /** Versions to be built and archived. */
  builds: string[];
  /** Versions that the plan now has and the archive held all along. */
  adopted: string[];
  /** Updates that were not required before. */
  deltas: CausedDelta[];
  /** Updates that are made again, since they are to be packed otherwise. */
  remade: CausedDelta[];
  /** Updates that no rule requires any more; they stay in the archive. */
  dropped: Pair[];
  removed: RemovedVersion[];
  retagged: Array<{ version: string; gained: string[]; lost: string[] }>;
  settings: ChangedSetting[];
  /** Steps that are due with or without the change. */
  pending: number;
}

/**
 * Compares two revisions of a plan.
 *
 * @param uses who runs what, by version; whether there is a fleet that could not be asked otherwise
 */
export function comparePlans(before: PlanView, after: PlanView, uses: VersionUses): PlanComparison {
  const builds = added(built(before), built(after));
  const adopted = added(versions(before), versions(after)).filter((version) => !built(after).includes(version));
  const was = new PairMap(before.pairs.map((pair) => [pair, pair]));
  const is = pairSet(after.pairs);
  const isPackedOtherwise = (pair: RequiredPair): boolean => {
    const old = was.get(pair);
    return old !== undefined && before.recipes.get(old.engine) !== after.recipes.get(pair.engine);
  };
  const deltas = after.pairs.filter((pair) => !was.has(pair)).flatMap((pair) => causedBy(pair, after.steps));
  const remade = after.pairs.filter(isPackedOtherwise).map(({ from, to, engine }) => ({
    from,
    to,
    engine,
    why: 'partitions, packaging, signing or engine changed',
  }));
  return {
    builds,
    adopted,
    deltas,
    remade,
    dropped: before.pairs.filter((pair) => !is.has(pair)).map(({ from, to }) => ({ from, to })),
    removed: removedVersions(before, after, uses),
    retagged: retagged(before.plan, after.plan),
    settings: changedSettings(before.plan, after.plan),
    pending: after.steps.filter((step) => step.kind !== 'report' && before.steps.some((one) => sameWork(one, step)))
      .length,
  };
}

/** Whether a comparison holds anything at all. */
export const isEmpty = ({ pending: _pending, ...lists }: PlanComparison): boolean =>
  Object.values(lists).every((list) => list.length === 0);

const versions = ({ plan }: PlanView): string[] => plan.versions.map((one) => one.version);

/** What apply would build; an OSTree product without kas gets its commits from elsewhere. */
const built = ({ plan, steps }: PlanView): string[] =>
  plan.kas === undefined ? [] : steps.flatMap((step) => (step.kind === 'build' ? [step.version] : []));

const added = (before: readonly string[], after: readonly string[]): string[] =>
  after.filter((one) => !before.includes(one));

/** The step that makes a pair; none when the archive has it from earlier. */
function causedBy(pair: RequiredPair, steps: readonly Step[]): CausedDelta[] {
  const step = steps.find((one) => one.kind === 'delta' && one.from === pair.from && one.to === pair.to);
  return step === undefined ? [] : [{ from: pair.from, to: pair.to, engine: pair.engine, why: step.why }];
}

function removedVersions(before: PlanView, after: PlanView, uses: VersionUses): RemovedVersion[] {
  return added(versions(after), versions(before)).map((version): RemovedVersion => {
    const use = typeof uses === 'string' ? undefined : uses.get(version);
    const tags = before.plan.versions.find((one) => one.version === version)?.tags ?? [];
    const neededBy = [
      ...(use === undefined || use.devices === 0
        ? []
        : [
            `${use.devices} ${use.devices === 1 ? 'device runs' : 'devices run'} it ` +
              `(${use.examples.join(', ')}${use.devices > use.examples.length ? ', ...' : ''})`,
          ]),
      ...tags
        .filter((tag) =>
          after.plan.deltas.some(({ from }) => (from.kind === 'tag' || from.kind === 'cover') && from.tag === tag),
        )
        .map((tag) => `deltas start from its tag ${tag}`),
      ...after.pairs
        .filter((pair) => pair.from === version || pair.to === version)
        .map((pair) => `the delta ${pairText(pair)} is still required`),
    ];
    switch (uses) {
      case 'none':
        return { version, neededBy };
      case 'unknown':
        return { version, neededBy: neededBy.length === 0 ? null : neededBy, devices: null };
      default:
        return { version, neededBy, devices: use?.devices ?? 0 };
    }
  });
}

function retagged(before: Plan, after: Plan): PlanComparison['retagged'] {
  return after.versions.flatMap(({ version, tags }) => {
    const old = before.versions.find((one) => one.version === version);
    const [gained, lost] = [added(old?.tags ?? tags, tags), added(tags, old?.tags ?? tags)];
    return gained.length + lost.length === 0 ? [] : [{ version, gained, lost }];
  });
}

function changedSettings(before: Plan, after: Plan): ChangedSetting[] {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => old.get(key) !== now.get(key))
    .map((key) => {
      const [was, is] = [old.get(key), now.get(key)];
      return { key, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) };
    });
}

/** Every value of a plan but versions and deltas, which are told by what they cause. */
function settingsOf({ file: _file, dir, versions, deltas: _deltas, ...settings }: Plan): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, key: string): void => {
    if (isNamedList(value)) for (const one of value) visit({ ...one, name: undefined }, `${key}.${one.name}`);
    else if (value !== null && typeof value === 'object' && !Array.isArray(value))
      for (const [name, one] of Object.entries(value)) visit(one, key === '' ? name : `${key}.${name}`);
    else if (value !== undefined) found.set(written(key), JSON.stringify(value).replaceAll(`${dir}/`, ''));
  };
  visit(settings, '');
  for (const { version, kas } of versions) if (kas.length > 0) visit(kas, `versions.${version}.kas`);
  return found;
}

const isNamedList = (value: unknown): value is Array<{ name: string }> =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every(
    (one: unknown) => typeof one === 'object' && one !== null && 'name' in one && typeof one.name === 'string',
  );

/** `kas.deltaConfig` as the plan file has it. */
const written = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
