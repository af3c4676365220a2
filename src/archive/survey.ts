import type { ArchiveEntry, ArchiveState, DeltaInfo, FullInfo, VersionManifest } from '../core/archive.ts';
import { PairMap, type Pair } from '../core/pair.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../io/several.ts';
import { fullDir, updateDir, versionDir, type ArchiveKey } from './layout.ts';
import { readFull, readUpdate, readVersion, type ReadOptions } from './manifest.ts';

/** Which versions and updates to look at. */
export interface SurveyRequest {
  versions: readonly string[];
  pairs: readonly Pair[];
  /** Versions whose full packages are looked at. */
  fulls: readonly string[];
}

/** Reads what the archive holds of a plan, several files at once; every byte of it unless the options say otherwise. */
export async function surveyArchive(
  key: ArchiveKey,
  request: SurveyRequest,
  options: ReadOptions = {},
): Promise<ArchiveState> {
  const several = async <T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<Array<[T, R]>> =>
    await severalAtOnce(items, FILES_AT_ONCE, async (item): Promise<[T, R]> => [item, await read(item)]);
  const versions: Array<[string, ArchiveEntry<VersionManifest>]> = await several(
    request.versions,
    async (version) => await readVersion(versionDir(key, version), version, options),
  );
  const updates = new PairMap<ArchiveEntry<DeltaInfo>>();
  const read = async ({ from, to }: Pair): Promise<ArchiveEntry<DeltaInfo>> =>
    await readUpdate(updateDir(key, from, to), from, to, options);
  for (const [pair, entry] of await several(request.pairs, read)) updates.set(pair, entry);
  const fulls: Array<[string, ArchiveEntry<FullInfo>]> = await several(
    request.fulls,
    async (version) => await readFull(fullDir(key, version), version, options),
  );
  return { versions: new Map(versions), updates, fulls: new Map(fulls) };
}
