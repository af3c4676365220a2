import { pairKey, type ArchiveState, type DeltaInfo, type Held, type VersionManifest } from '../core/archive.ts';
import { updateDir, versionDir, type ArchiveKey } from './layout.ts';
import { readUpdate, readVersion, type ReadOptions } from './manifest.ts';

/** Which versions and updates to look at. */
export interface SurveyRequest {
  versions: readonly string[];
  pairs: ReadonlyArray<{ from: string; to: string }>;
}

/** Reads what the archive holds of a plan; every byte of it, since deltas are built on it. */
export async function surveyArchive(
  key: ArchiveKey,
  request: SurveyRequest,
  options: ReadOptions = {},
): Promise<ArchiveState> {
  const versions = new Map<string, Held<VersionManifest>>();
  for (const version of request.versions)
    versions.set(version, await readVersion(versionDir(key, version), version, options));
  const updates = new Map<string, Held<DeltaInfo>>();
  for (const { from, to } of request.pairs)
    updates.set(pairKey(from, to), await readUpdate(updateDir(key, from, to), from, to, options));
  return { versions, updates };
}
