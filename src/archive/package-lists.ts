import { join } from 'node:path';
import type { ArchiveEntry, ArchiveState, InstalledPackage, VersionManifest } from '../core/archive.ts';
import type { Pair } from '../core/pair.ts';
import { readRegularText } from '../io/regular.ts';
import { withoutKernelReleases } from './kernel-names.ts';
import { parseImageManifest } from './package-manifest.ts';

/** The packages of versions, by version. */
export type PackageLists = ReadonlyMap<string, ReadonlyMap<string, InstalledPackage>>;

/**
 * The packages of every version of some pairs whose build left a package manifest; no image is opened. The files were
 * compared with their digests when the archive was surveyed.
 *
 * @throws ReleasePlanError `file-too-large`; a system error
 */
export async function readPackageLists(archive: ArchiveState, pairs: readonly Pair[]): Promise<PackageLists> {
  const lists = new Map<string, ReadonlyMap<string, InstalledPackage>>();
  for (const version of new Set(pairs.flatMap(({ from, to }) => [from, to]))) {
    const packages = await readPackageList(archive.versions.get(version));
    if (packages !== undefined) lists.set(version, packages);
  }
  return lists;
}

/** The packages of a version that is whole; undefined where its build left no list. */
export async function readPackageList(
  entry: ArchiveEntry<VersionManifest> | undefined,
): Promise<ReadonlyMap<string, InstalledPackage> | undefined> {
  if (entry?.state !== 'whole') return undefined;
  const packages = new Map<string, InstalledPackage>();
  for (const { path } of entry.manifest.files.filter(({ role }) => role === 'packages'))
    for (const [name, one] of parseImageManifest(await readRegularText(join(entry.dir, path))) ?? [])
      packages.set(name, one);
  return packages.size === 0 ? undefined : withoutKernelReleases(packages);
}
