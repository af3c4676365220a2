/** SWUpdate products in the fleet's terms: their archived versions as Targets, their updates as deltas. */
import { dirname, join, relative } from 'node:path';
import { MANIFEST, updateDir } from '../../archive/layout.ts';
import { readUpdate } from '../../archive/manifest.ts';
import { upsertTarget, type TargetEntry } from '../../fleet/registry-edit.ts';
import { updateRegistry } from '../../fleet/registry-file.ts';
import type { RequiredPair } from '../../fleet/required.ts';
import { swupdateTargetName, targetOfVersion } from '../../fleet/swupdate-target.ts';
import type { Report } from '../../events.ts';
import { digestFile } from '../../io/hash.ts';
import type { Held, Plan, VersionManifest } from '../../model.ts';
import { apply, type ApplyResult } from '../apply.ts';
import type { StepHost } from '../session.ts';
import { registryFile } from './open.ts';

/** The versions of a pair of SWUpdate software, which has one on either side. */
export const versionsOf = ({ from, to }: Pick<RequiredPair, 'from' | 'to'>): { from: string; to: string } => ({ from: from.versions[0] ?? '', to: to.versions[0] ?? '' });

/**
 * Makes the updates of these pairs as `apply` would, and nothing else. The
 * engine is that of the plan's rule for the version, or rdiff.
 */
export async function makeSwupdateDeltas(plan: Plan, pairs: readonly RequiredPair[], host: StepHost, waitMs: number): Promise<ApplyResult> {
  const deltas = [...groupByTarget(pairs)].map(([to, versions]) => ({ to, from: { kind: 'list' as const, versions }, engine: plan.deltas.find((rule) => rule.to === to)?.engine ?? ('rdiff' as const) }));
  return await apply({ ...plan, deltas }, host, { only: ['delta'], keepGoing: true, waitMs });
}

function groupByTarget(pairs: readonly RequiredPair[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { from, to } of pairs.map(versionsOf)) groups.set(to, [...(groups.get(to) ?? []), from]);
  return groups;
}

/** What keeps devices from using each update, in the order of the pairs; undefined where nothing does. */
export async function swupdateProblems(plan: Plan, pairs: readonly RequiredPair[], signal?: AbortSignal): Promise<Array<string | undefined>> {
  const problems: Array<string | undefined> = [];
  for (const { from, to } of pairs.map(versionsOf)) {
    const held = await readUpdate(updateDir(plan, from, to), from, to, signal ? { signal } : {});
    if (held.state === 'absent') problems.push('is missing');
    else if (held.state === 'damaged') problems.push(`is damaged: ${held.problems.join('; ')}`);
    else {
      const open = held.manifest.proof.filter((proof) => proof.result !== 'pass' && proof.check === 'delta-applies');
      problems.push(open.length === 0 ? undefined : `was not proven: ${open.map((proof) => proof.detail).join('; ')}`);
    }
  }
  return problems;
}

/**
 * Keeps the registry of a SWUpdate product in step with its archive: one
 * Target per version that is archived whole. Tags are the plan's for a new
 * Target, and the registry's own from then on.
 *
 * @throws ReleasePlanError `targets-invalid`, `targets-sign-failed`, `locked`
 */
export async function registerVersions(plan: Plan, versions: Iterable<Held<VersionManifest>>, host: { report: Report; signal?: AbortSignal }): Promise<void> {
  const file = registryFile(plan);
  const entries: Array<{ name: string; entry: TargetEntry }> = [];
  for (const held of versions) {
    if (held.state !== 'whole') continue;
    const path = join(held.dir, MANIFEST);
    const tags = plan.versions.find((one) => one.version === held.manifest.version)?.tags ?? [];
    const entry = targetOfVersion(held.manifest, { path: relative(dirname(file), path), ...(await digestFile(path, host.signal)) }, tags);
    entries.push({ name: swupdateTargetName(plan, held.manifest.version), entry });
  }
  if (entries.length === 0) return;
  await updateRegistry(file, (registry) => entries.flatMap(({ name, entry }) => upsertTarget(registry, name, entry)), {
    create: true,
    cwd: plan.dir,
    report: host.report,
    ...(host.signal ? { signal: host.signal } : {}),
    ...(plan.targets?.sign === undefined ? {} : { sign: plan.targets.sign }),
  });
}
