/** What kind of images an archive holds, and what that costs the deltas between them. */
import { join } from 'node:path';
import { areHere } from '../../archive/files-here.ts';
import type { ArchiveState } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { imageKindOf } from '../../io/image-kind.ts';
import type { Finding } from '../../plan/finding.ts';
import { compareVersions } from '../../plan/version.ts';
import { largeDeltasOf } from '../../plan/image-deltas.ts';

/**
 * Partitions that are updated by delta and whose newest archived image is of a
 * kind with large deltas, by its superblock.
 */
export async function imageKindFindings(plan: Plan, { versions }: ArchiveState): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [index, { name, delta }] of plan.partitions.entries()) {
    const newest = delta === 'none' ? undefined : await newestImage(plan, versions, name);
    const large = newest === undefined ? undefined : largeDeltasOf(await imageKindOf(newest.path));
    if (newest === undefined || large === undefined) continue;
    findings.push({
      code: 'image-kind-large-deltas',
      severity: 'warning',
      at: ['partitions', index, 'file'],
      message:
        `${name} of the archived ${newest.version} is ${large.kind}: its deltas are about ${large.times.toFixed(1)} ` +
        'times as large as those of uncompressed images',
      hint: large.hint,
    });
  }
  return findings;
}

/** The image of the newest version of the plan that is whole in the archive. */
async function newestImage(
  plan: Plan,
  versions: ArchiveState['versions'],
  partition: string,
): Promise<{ version: string; path: string } | undefined> {
  for (const { version } of plan.versions.toSorted((a, b) => compareVersions(b.version, a.version))) {
    const entry = versions.get(version);
    if (entry?.state !== 'whole') continue;
    const image = entry.manifest.files.find((file) => file.role === 'image' && file.partition === partition);
    if (image === undefined) continue;
    const path = join(entry.dir, image.path);
    if (await areHere(path)) return { version, path };
  }
  return undefined;
}
