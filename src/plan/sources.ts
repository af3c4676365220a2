import type { DeltaRule, DeltaSources, PlannedVersion } from '../model.ts';
import { compareVersions, isInRange } from './version.ts';

/**
 * The versions that a delta rule starts from, oldest first, each once.
 *
 * A tag, a range or `previous` selects among the plan's versions and holds
 * those older than `to` alone. A list is taken at its word: what it names may
 * be archived without being planned.
 *
 * For an OSTree product, whose versions and tags stand in targets.json, hand
 * in the Targets as `versions`.
 *
 * @throws ReleasePlanError `version-invalid` when a version in it is none
 */
export function selectSources(rule: Pick<DeltaRule, 'to' | 'from'>, plan: { versions: readonly PlannedVersion[] }): string[] {
  if (rule.from.kind === 'list') return [...new Set(rule.from.versions)].sort(compareVersions);
  const older = plan.versions.filter((one) => compareVersions(one.version, rule.to) < 0).sort((a, b) => compareVersions(a.version, b.version));
  return [...new Set(selected(rule.from, older).map((one) => one.version))];
}

/** @param older candidates, oldest first */
function selected(from: Exclude<DeltaSources, { kind: 'list' }>, older: readonly PlannedVersion[]): readonly PlannedVersion[] {
  switch (from.kind) {
    case 'tag': return older.filter((one) => one.tags.includes(from.tag));
    case 'previous': return older.slice(-from.count);
    case 'range': return older.filter((one) => isInRange(one.version, from.range));
  }
}
