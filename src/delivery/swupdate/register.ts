import { dirname, join, relative } from 'node:path';
import { MANIFEST } from '../../archive/layout.ts';
import { upsertTarget, type TargetEntry } from '../../fleet/registry-edit.ts';
import { updateRegistry } from '../../fleet/registry-file.ts';
import { digestFile } from '../../io/hash.ts';
import type { Delivery } from '../delivery.ts';
import { registryFile } from '../inputs.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { referredVersions } from './survey.ts';
import { swupdateTargetName, targetOfVersion } from './target.ts';

/**
 * Keeps the registry of a SWUpdate product in step with its archive: one
 * Target per version that the plan refers to and that is archived whole. Tags
 * are the plan's for a new Target, and the registry's own from then on.
 *
 * Throws ReleasePlanError `targets-invalid`, `targets-sign-failed`, `locked`.
 */
export const register: Delivery<SwupdateSnapshot>['register'] = async (snapshot, { report, signal }) => {
  const { plan } = snapshot.inputs;
  const file = registryFile(plan);
  const entries: Array<{ name: string; entry: TargetEntry }> = [];
  for (const version of referredVersions(plan, snapshot.pairs)) {
    const archived = snapshot.archive.versions.get(version);
    if (archived?.state !== 'whole') continue;
    const { manifest } = archived;
    const path = join(archived.dir, MANIFEST);
    const tags = plan.versions.find((one) => one.version === version)?.tags ?? [];
    const digest = await digestFile(path, signal);
    const entry = targetOfVersion(manifest, { path: relative(dirname(file), path), ...digest }, tags);
    entries.push({ name: swupdateTargetName(plan, manifest.version), entry });
  }
  if (entries.length === 0) return;
  await updateRegistry(file, (registry) => entries.flatMap(({ name, entry }) => upsertTarget(registry, name, entry)), {
    create: true,
    cwd: plan.dir,
    report,
    signal,
    ...(plan.targets?.sign === undefined ? {} : { sign: plan.targets.sign }),
  });
};
