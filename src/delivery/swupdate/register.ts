/** The archived versions of a SWUpdate product as Targets. */
import { dirname, join, relative } from 'node:path';
import { MANIFEST } from '../../archive/layout.ts';
import type { Report } from '../../core/events.ts';
import { upsertTarget, type TargetEntry } from '../../fleet/registry-edit.ts';
import { updateRegistry } from '../../fleet/registry-file.ts';
import { swupdateTargetName, targetOfVersion } from './target.ts';
import { digestFile } from '../../io/hash.ts';
import type { Held, VersionManifest } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { registryFile } from '../fleet/open.ts';

/**
 * Keeps the registry of a SWUpdate product in step with its archive: one
 * Target per version that is archived whole. Tags are the plan's for a new
 * Target, and the registry's own from then on.
 *
 * @throws ReleasePlanError `targets-invalid`, `targets-sign-failed`, `locked`
 */
export async function registerVersions(
  plan: Plan,
  versions: Iterable<Held<VersionManifest>>,
  host: { report: Report; signal?: AbortSignal },
): Promise<void> {
  const file = registryFile(plan);
  const entries: Array<{ name: string; entry: TargetEntry }> = [];
  for (const held of versions) {
    if (held.state !== 'whole') continue;
    const path = join(held.dir, MANIFEST);
    const tags = plan.versions.find((one) => one.version === held.manifest.version)?.tags ?? [];
    if (held.manifest.dirty === true && tags.length > 0)
      host.report({
        type: 'warning',
        message: `${held.manifest.version} was built with kas.allow_dirty: it gets none of its tags (${tags.join(', ')})`,
      });
    const entry = targetOfVersion(
      held.manifest,
      { path: relative(dirname(file), path), ...(await digestFile(path, host.signal)) },
      tags,
    );
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
