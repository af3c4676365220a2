import { join } from 'node:path';
import { takeInventory } from '../../archive/inventory.ts';
import { DELTA_INFO, FULL_INFO, fullDir, updateDir } from '../../archive/layout.ts';
import { readVersionManifest } from '../../archive/read-manifest.ts';
import type { DeltaInfo, FullInfo, VersionManifest } from '../../core/archive.ts';
import { readIfThere } from '../../io/documents/read.ts';
import { PairMap } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import type { Registry } from '../../fleet/registry.ts';
import { distinct, targetsOf } from '../../fleet/running.ts';
import { compareReported } from '../../plan/version.ts';
import { notOffered } from '../../report/full.ts';
import { checkPair } from '../../report/pair.ts';
import type { BasisFacts, DeltaEnd } from '../fleet/required.ts';
import { FORMAT } from './target.ts';

/** Which versions of a registry are in the archive, and fit one another. */
export async function archiveFacts(plan: Plan, registry: Registry): Promise<BasisFacts> {
  const versions = distinct(targetsOf(registry, FORMAT).map((target) => target.version));
  const manifests = new Map<string, VersionManifest>();
  for (const version of versions) {
    const manifest = await readVersionManifest(plan, version);
    if (manifest !== undefined) manifests.set(version, manifest);
  }
  const tooLarge = await largeDeltas(plan);
  const manifestOf = ({ versions: [version] }: DeltaEnd): VersionManifest | undefined =>
    version === undefined ? undefined : manifests.get(version);
  return {
    compareVersions: compareReported,
    obstacle(from, to) {
      const [base, target] = [manifestOf(from), manifestOf(to)];
      const missing = base === undefined ? from : target === undefined ? to : undefined;
      if (missing !== undefined || base === undefined || target === undefined)
        return { reason: 'base-missing', detail: `${missing?.versions[0] ?? 'the version'} is not in the archive` };
      const failed = checkPair(base, target).filter((row) => row.result === 'fail');
      if (failed.length > 0) return { reason: 'layout', detail: failed.map((row) => row.detail).join('; ') };
      const detail = tooLarge.get({ from: base.version, to: target.version });
      return detail === undefined ? undefined : { reason: 'share', detail };
    },
  };
}

/** The archived deltas that are hardly smaller than the full package, and why each is not offered. */
async function largeDeltas(plan: Plan): Promise<PairMap<string>> {
  const found = new PairMap<string>();
  // A full package that is left from when the plan wanted one is no way for devices.
  if (!plan.swu.full) return found;
  const { pairs } = await takeInventory(plan);
  for (const { to, maxShare } of plan.deltas) {
    const full = await readIfThere<FullInfo>('fullInfo', join(fullDir(plan, to), FULL_INFO));
    if (full === undefined) continue;
    for (const pair of pairs.filter((one) => one.to === to)) {
      const update = await readIfThere<DeltaInfo>('deltaInfo', join(updateDir(plan, pair.from, to), DELTA_INFO));
      const why = update && notOffered(update, full, maxShare);
      if (why !== undefined) found.set(pair, why);
    }
  }
  return found;
}
