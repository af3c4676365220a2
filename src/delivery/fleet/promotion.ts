/** Whether a tag may move to a version: not while a delta that its devices require is missing or unproven. Pure. */
import type { RequiredDeltas, RequiredPair } from './required.ts';
import { distinct } from '../../fleet/running.ts';
import type { Registry, Target } from '../../fleet/registry.ts';

/** The new tags of one Target. */
export interface TagChange {
  target: Target;
  before: string[];
  after: string[];
}

/** Versions that newly get a tag, and were built of what no commit names: nothing promotes them. */
export const dirtyPromotions = (changes: readonly TagChange[]): string[] => [
  ...new Set(
    changes
      .filter(({ target, before, after }) => target.custom.dirty === true && after.some((tag) => !before.includes(tag)))
      .map(({ target }) => target.version),
  ),
];

/** A delta that keeps a tag from moving. */
export interface Blocker {
  tag: string;
  pair: RequiredPair;
  /** `is missing`, `is not proven: ...` */
  problem: string;
}

/**
 * The Targets' new tags: in place of the old ones as in fioctl, or after them.
 * Targets that have them already do not change.
 */
export function changeTags(targets: readonly Target[], tags: readonly string[], append: boolean): TagChange[] {
  return targets
    .map((target) => ({ target, before: target.tags, after: distinct(append ? [...target.tags, ...tags] : tags) }))
    .filter(({ before, after }) => before.length !== after.length || before.some((tag, at) => after[at] !== tag));
}

/** Tags that the changes give to a Target that did not have them, with its version: the promotions among them. */
export function promotionsOf(changes: readonly TagChange[]): Array<{ tag: string; version: string; format: string }> {
  const found = new Map<string, { tag: string; version: string; format: string }>();
  for (const { target, before, after } of changes) {
    for (const tag of after.filter((one) => !before.includes(one)))
      found.set(`${tag}\0${target.version}\0${target.format}`, { tag, version: target.version, format: target.format });
  }
  return [...found.values()];
}

/**
 * What keeps a tag from moving.
 *
 * @param problemOf says what is wrong with a pair's delta, or undefined when it is there and proven
 */
export function blockersOf(
  tag: string,
  required: RequiredDeltas,
  problemOf: (pair: RequiredPair) => string | undefined,
): Blocker[] {
  return required.pairs.flatMap((pair) => {
    const problem = problemOf(pair);
    return problem === undefined ? [] : [{ tag, pair, problem }];
  });
}

/** The Targets that are named, by name or by version; in the order of the registry for versions. */
export function chosenTargets(
  registry: Registry,
  names: readonly string[],
  byVersion: readonly string[],
): { found: Target[]; missing: string[] } {
  const ours = registry.targets;
  const byName = names.map((name) => ours.find((target) => target.name === name) ?? name);
  const ofVersions = ours.filter((target) => byVersion.includes(target.version));
  const found = distinct([...byName.filter((one): one is Target => typeof one !== 'string'), ...ofVersions]);
  const missing = [
    ...byName.filter((one): one is string => typeof one === 'string'),
    ...byVersion.filter((version) => !ours.some((target) => target.version === version)),
  ];
  return { found, missing };
}
