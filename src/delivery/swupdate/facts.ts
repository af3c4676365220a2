import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST, versionDir } from '../../archive/layout.ts';
import type { VersionManifest } from '../../core/archive.ts';
import { errnoOf } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { Registry } from '../../fleet/registry.ts';
import { distinct, targetsOf } from '../../fleet/running.ts';
import { compareVersions } from '../../plan/version.ts';
import { checkPair } from '../../report/pair.ts';
import { openSealedJson } from '../../text/json.ts';
import type { BasisFacts, DeltaEnd } from '../fleet/required.ts';
import { FORMAT } from './target.ts';

/** Which versions of a registry are in the archive, and fit one another. */
export async function archiveFacts(plan: Plan, registry: Registry): Promise<BasisFacts> {
  const versions = distinct(targetsOf(registry, FORMAT).map((target) => target.version));
  const manifests = new Map<string, VersionManifest>();
  for (const version of versions) {
    const manifest = await readManifest(join(versionDir(plan, version), MANIFEST));
    if (manifest !== undefined) manifests.set(version, manifest);
  }
  const manifestOf = ({ versions: [version] }: DeltaEnd): VersionManifest | undefined =>
    version === undefined ? undefined : manifests.get(version);
  return {
    compareVersions,
    obstacle(from, to) {
      const [base, target] = [manifestOf(from), manifestOf(to)];
      const missing = base === undefined ? from : target === undefined ? to : undefined;
      if (missing !== undefined || base === undefined || target === undefined)
        return { reason: 'base-missing', detail: `${missing?.versions[0] ?? 'the version'} is not in the archive` };
      const failed = checkPair(base, target).filter((row) => row.result === 'fail');
      return failed.length === 0 ? undefined : { reason: 'layout', detail: failed.map((row) => row.detail).join('; ') };
    },
  };
}

/** A version's manifest, not compared with its files: making a delta does that, and reads gigabytes. */
async function readManifest(path: string): Promise<VersionManifest | undefined> {
  try {
    const opened = openSealedJson(await readFile(path, 'utf8'));
    return 'problem' in opened ? undefined : (opened.value as unknown as VersionManifest);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
