import type { ArchiveEntry, ArchiveState, DeltaInfo, FullInfo, VersionManifest } from '../core/archive.ts';
import { PairMap, type Pair } from '../core/pair.ts';
import { fullDir, updateDir, versionDir, type ArchiveKey } from './layout.ts';
import { readFull, readUpdate, readVersion, type ReadOptions } from './manifest.ts';

/** Which versions and updates to look at. */
export interface SurveyRequest {
  versions: readonly string[];
  pairs: readonly Pair[];
  /** Versions whose full packages are looked at. */
  fulls: readonly string[];
}

/** Reads what the archive holds of a plan; every byte of it, since deltas are built on it. */
export async function surveyArchive(
  key: ArchiveKey,
  request: SurveyRequest,
  options: ReadOptions = {},
): Promise<ArchiveState> {
  const versions = new Map<string, ArchiveEntry<VersionManifest>>();
  for (const version of request.versions)
    versions.set(version, await readVersion(versionDir(key, version), version, options));
  const updates = new PairMap<ArchiveEntry<DeltaInfo>>();
  for (const { from, to } of request.pairs)
    updates.set({ from, to }, await readUpdate(updateDir(key, from, to), from, to, options));
  const fulls = new Map<string, ArchiveEntry<FullInfo>>();
  for (const version of request.fulls) fulls.set(version, await readFull(fullDir(key, version), version, options));
  return { versions, updates, fulls };
}
