import { basename } from 'node:path';
import type { ArchivedFile } from '../../core/archive.ts';
import { parseInstalledPackages } from '../packages/buildhistory.ts';
import type { InstalledPackage } from '../packages/database.ts';
import { withoutKernelReleases } from '../../archive/kernel-names.ts';
import { parseLicenseManifest } from '../packages/license-manifest.ts';
import { parseImageManifest } from '../../archive/package-manifest.ts';
import { parseSbom } from '../packages/sbom.ts';
import { readSpdxArchive } from '../packages/spdx-archive.ts';
import { readRecord, requireRecord, type ArchivedVersion } from './archived.ts';
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

type Sources = Map<PackageSource, Map<string, InstalledPackage>>;

/** What tells versions and licences best: where both versions have it, nothing else is asked. */
const BEST: readonly PackageSource[] = ['package-manifest', 'license-manifest'];

/**
 * The packages of two versions by what their builds left of them; no image is opened. Bills of materials, which are
 * large, are read where the manifests of both do not say all. Records of no known form are passed over.
 *
 * @throws ReleasePlanError `archive-damaged`, `file-too-large`, `record-corrupt`, `tool-missing`; a system error
 */
export async function recordedPackages(
  from: ArchivedVersion,
  to: ArchivedVersion,
  signal?: AbortSignal,
): Promise<Record<'from' | 'to', Sources>> {
  const found = { from: await fromManifests(from, signal), to: await fromManifests(to, signal) };
  if (BEST.every((source) => found.from.has(source) && found.to.has(source))) return found;
  await addBills(from, found.from, signal);
  await addBills(to, found.to, signal);
  return found;
}

async function fromManifests(version: ArchivedVersion, signal?: AbortSignal): Promise<Sources> {
  const sources: Sources = new Map();
  for (const file of version.manifest.files) {
    const read = async (): Promise<string> => await readRecord(version, file, signal);
    if (file.role === 'packages' || isCollected(file, /\.manifest$/))
      add(sources, 'package-manifest', parseImageManifest(await read()));
    else if (file.role === 'licenses') add(sources, 'license-manifest', parseLicenseManifest(await read()));
    else if (file.role === 'buildhistory' && basename(file.path) === 'installed-packages.txt')
      add(sources, 'buildhistory', parseInstalledPackages(await read()));
  }
  return sources;
}

async function addBills(version: ArchivedVersion, sources: Sources, signal?: AbortSignal): Promise<void> {
  for (const file of version.manifest.files) {
    if (isBill(file, /\.spdx\.tar\.zst$/)) {
      add(sources, 'spdx', await readSpdxArchive(await requireRecord(version, file, signal), signal));
    } else if (isBill(file, file.role === 'sbom' ? /\.json$/ : /\.(spdx|cdx)\.json$/)) {
      const found = parseSbom(await readRecord(version, file, signal));
      if (found !== undefined) add(sources, found.kind, found.packages);
    }
  }
}

/** Several files of one kind make one source. */
function add(
  sources: Sources,
  source: PackageSource,
  packages: ReadonlyMap<string, InstalledPackage> | undefined,
): void {
  for (const [name, one] of packages ?? []) {
    const known = sources.get(source) ?? new Map<string, InstalledPackage>();
    sources.set(source, known.set(name, one));
  }
}

const isBill = ({ role, path }: ArchivedFile, ending: RegExp): boolean =>
  (role === 'sbom' || role === 'collected') && ending.test(path);

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
  const named = <T extends { name: string; licence?: string }>(
    one: T,
    of: ReadonlyMap<string, InstalledPackage> | undefined,
  ): T => {
    const licence = one.licence ?? of?.get(one.name)?.licence;
    return licence === undefined ? one : { ...one, licence };
  };
  return {
    source,
    licenceSource: licenceSource ?? null,
    added: changes.added.map((one) => named(one, licences?.to)),
    removed: changes.removed.map((one) => named(one, licences?.from)),
    upgraded: changes.upgraded.map((one) => named(one, licences?.to)),
    relicensed: licences === undefined ? [] : comparePackages(licences.from, licences.to).relicensed,
  };
}

const hasLicences = (packages: ReadonlyMap<string, InstalledPackage> | undefined): boolean =>
  [...(packages?.values() ?? [])].some(({ licence }) => licence !== undefined);
