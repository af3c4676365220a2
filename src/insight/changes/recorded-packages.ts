import { basename } from 'node:path';
import type { ArchivedFile } from '../../core/archive.ts';
import { parseInstalledPackages } from '../packages/buildhistory.ts';
import type { InstalledPackage } from '../packages/database.ts';
import { withoutKernelReleases } from '../../archive/kernel-names.ts';
import { parseLicenseManifest } from '../packages/license-manifest.ts';
import { parseImageManifest } from '../../archive/package-manifest.ts';
import { parseSbom } from '../packages/sbom.ts';
import { readRecord, type ArchivedVersion } from './archived.ts';
import { comparePackages, type PackageChanges } from '../../archive/package-changes.ts';

/** What tells the packages of a version: what the build left, or the database in the image. */
export type PackageSource = 'package-manifest' | 'image' | 'buildhistory' | 'spdx' | 'cyclonedx' | 'license-manifest';

export type PackagesBySource = ReadonlyMap<PackageSource, ReadonlyMap<string, InstalledPackage>>;

/** The best comes first; two versions are compared by one that both have, since sources write versions differently. */
const FOR_VERSIONS: readonly PackageSource[] = [
  'package-manifest',
  'image',
  'buildhistory',
  'spdx',
  'cyclonedx',
  'license-manifest',
];

const FOR_LICENCES: readonly PackageSource[] = ['license-manifest', 'spdx', 'cyclonedx', 'image'];

/** A plan can collect what release-plan did not look for when the version was built. */
const isCollected = ({ role, path }: ArchivedFile, ending: RegExp): boolean =>
  role === 'collected' && ending.test(path);

/**
 * The packages of a version by what the build left of them; nothing is opened. Records of no known form are passed
 * over.
 *
 * @throws ReleasePlanError `archive-damaged`, `file-too-large`; a system error
 */
export async function recordedPackages(
  version: ArchivedVersion,
  signal?: AbortSignal,
): Promise<Map<PackageSource, Map<string, InstalledPackage>>> {
  const sources = new Map<PackageSource, Map<string, InstalledPackage>>();
  const add = (source: PackageSource, packages: ReadonlyMap<string, InstalledPackage> | undefined): void => {
    for (const [name, one] of packages ?? []) {
      const known = sources.get(source) ?? new Map<string, InstalledPackage>();
      sources.set(source, known.set(name, one));
    }
  };
  for (const file of version.manifest.files) {
    const read = async (): Promise<string> => await readRecord(version, file, signal);
    if (file.role === 'packages' || isCollected(file, /\.manifest$/))
      add('package-manifest', parseImageManifest(await read()));
    else if (file.role === 'licenses') add('license-manifest', parseLicenseManifest(await read()));
    else if (file.role === 'buildhistory' && basename(file.path) === 'installed-packages.txt')
      add('buildhistory', parseInstalledPackages(await read()));
    else if ((file.role === 'sbom' && file.path.endsWith('.json')) || isCollected(file, /\.(spdx|cdx)\.json$/)) {
      const found = parseSbom(await read());
      if (found !== undefined) add(found.kind, found.packages);
    }
  }
  return sources;
}

/** {@link PackageChanges}, and what tells them. */
export interface SourcedPackageChanges extends PackageChanges {
  source: PackageSource;
  /** Null where no source has licences of both versions. */
  licenceSource: PackageSource | null;
}

/** What differs, by the best source that both versions have; undefined without one. Pure. */
export function compareSources(from: PackagesBySource, to: PackagesBySource): SourcedPackageChanges | undefined {
  const source = FOR_VERSIONS.find((one) => from.has(one) && to.has(one));
  if (source === undefined) return undefined;
  const packages = (of: PackagesBySource, name: PackageSource): ReadonlyMap<string, InstalledPackage> =>
    withoutKernelReleases(of.get(name) ?? new Map<string, InstalledPackage>());
  const licenceSource = FOR_LICENCES.find((one) => [from, to].every((of) => hasLicences(of.get(one))));
  const changes = comparePackages(packages(from, source), packages(to, source));
  const licences =
    licenceSource === undefined ? undefined : { from: packages(from, licenceSource), to: packages(to, licenceSource) };
  const named = (one: InstalledPackage, of: ReadonlyMap<string, InstalledPackage> | undefined): InstalledPackage => {
    const licence = one.licence ?? of?.get(one.name)?.licence;
    return licence === undefined ? one : { ...one, licence };
  };
  return {
    source,
    licenceSource: licenceSource ?? null,
    added: changes.added.map((one) => named(one, licences?.to)),
    removed: changes.removed.map((one) => named(one, licences?.from)),
    upgraded: changes.upgraded,
    relicensed: licences === undefined ? [] : comparePackages(licences.from, licences.to).relicensed,
  };
}

const hasLicences = (packages: ReadonlyMap<string, InstalledPackage> | undefined): boolean =>
  [...(packages?.values() ?? [])].some(({ licence }) => licence !== undefined);
