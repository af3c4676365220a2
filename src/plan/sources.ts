import type { DeltaRule, DeltaSources, PlannedVersion } from '../core/plan.ts';
import { compareVersions, isInRange, parseRange } from './version.ts';

/** What a rule selects among: a version of the plan, or a Target. */
export type Candidate = Pick<PlannedVersion, 'version' | 'tags'>;

/** The versions that a delta rule starts from, oldest first, each once. */
export type SelectSources = (rule: Pick<DeltaRule, 'to' | 'from'>) => string[];

/**
 * Selects among the plan's versions, for rule after rule: they are put in
 * order once, since a plan of many versions has as many rules.
 *
 * A tag, a range or `previous` selects among the plan's versions and holds
 * those older than `to` alone. A list is taken at its word: what it names may
 * be archived without being planned.
 *
 * What `cover` selects is decided by the fleet; without one, it may be any version of its tag, or any at all.
 *
 * For an OSTree product, whose versions and tags stand in targets.json, hand
 * in the Targets as `versions`.
 *
 * What is returned throws ReleasePlanError `version-invalid` when a version in
 * a rule, or among those it selects from, is none.
 */
export function sourceSelector(versions: readonly Candidate[]): SelectSources {
  let known: readonly Candidate[] | undefined;
  return ({ from, to }) => {
    if (from.kind === 'list') return [...new Set(from.versions)].sort(compareVersions);
    known ??= [...versions].sort((a, b) => compareVersions(a.version, b.version));
    const older = known.slice(0, countOlder(known, to));
    return [...new Set(selected(from, older).map((one) => one.version))];
  };
}

/** How many versions are older than one, by halving. @param known oldest first */
function countOlder(known: readonly Candidate[], than: string): number {
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareVersions(known[middle]?.version ?? '', than) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param older candidates, oldest first */
function selected(from: Exclude<DeltaSources, { kind: 'list' }>, older: readonly Candidate[]): readonly Candidate[] {
  switch (from.kind) {
    case 'tag':
      return older.filter((one) => one.tags.includes(from.tag));
    case 'cover':
      return from.tag === undefined ? older : older.filter((one) => one.tags.includes(from.tag ?? ''));
    case 'previous':
      return older.slice(-from.count);
    case 'range': {
      const range = parseRange(from.range);
      return older.filter((one) => isInRange(one.version, range));
    }
  }
}
