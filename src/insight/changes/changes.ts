import { basename, join } from 'node:path';
import type { ArchivedFile, ArchivedPartition, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { openImage, type OpenImage } from '../filesystem/index.ts';
import type { InstalledPackage } from '../packages/database.ts';
import { readPackages } from '../packages/packages.ts';
import { readRecord, type ArchivedVersion } from './archived.ts';
import { compareCves, parseCveCheck, type CveChanges, type FoundCve } from './cve-changes.ts';
import { compareFiles, type FileChanges } from './file-changes.ts';
import {
  compareConfigurations,
  isConfigurationName,
  kernelOf,
  parseConfiguration,
  type KernelChanges,
} from './kernel-changes.ts';
import { layerChanges, type LayerChange } from './layer-changes.ts';
import {
  compareSources,
  recordedPackages,
  type PackageSource,
  type SourcedPackageChanges,
} from './recorded-packages.ts';

/** What changed between two archived versions. */
export interface ReleaseChanges {
  from: string;
  to: string;
  layers: LayerChange[];
  configuration: ConfigurationChanges;
  /** Null where nothing tells the packages of both versions. */
  packages: SourcedPackageChanges | null;
  kernel: KernelChanges;
  partitions: PartitionChanges[];
  /** Null unless lists of a check are archived with both versions. */
  cves: CveChanges | null;
}

/** What kas and Yocto were told. */
export interface ConfigurationChanges {
  /** Variables that say something else; values may be secret and are not kept. */
  settings: string[];
  /** kas files of the chain, where they are others. */
  chain: { from: string[]; to: string[] } | null;
  kas: { from: string; to: string } | null;
}

/** One partition; sizes, kinds and slots are null where a version does not have it. */
export interface PartitionChanges {
  partition: string;
  isSame: boolean;
  fromBytes: number | null;
  toBytes: number | null;
  fromFilesystem: string | null;
  toFilesystem: string | null;
  fromSlotBytes: number | null;
  toSlotBytes: number | null;
  /** Null for images of no file system that is known here, for equal ones, and where none was opened. */
  files: FileChanges | null;
}

export interface ChangesOptions {
  /** Where kas runs, for commits out of the local clones. */
  workDir?: string;
  /** Images are not opened: no files, no kernel, and packages by records alone. */
  recordsAlone?: boolean;
  signal?: AbortSignal;
}

/**
 * Compares two archived versions: layers, configuration, packages, kernel, vulnerabilities, and the files of each
 * partition.
 *
 * @throws ReleasePlanError `archive-damaged`, `image-corrupt`, `record-corrupt`, `tool-missing`, `file-too-large`; a
 *   system error; AbortError
 */
export async function changesBetween(
  from: ArchivedVersion,
  to: ArchivedVersion,
  { workDir, recordsAlone = false, signal }: ChangesOptions = {},
): Promise<ReleaseChanges> {
  const packages = await recordedPackages(from, to, signal);
  const sides = { from: await recordsOf(from, packages.from, signal), to: await recordsOf(to, packages.to, signal) };
  const partitions: PartitionChanges[] = [];
  for (const name of partitionNames(from, to)) {
    const row = partitionRow(from, to, name);
    const opened = recordsAlone ? undefined : await compareImages(from, to, name, row.isSame, sides, signal);
    partitions.push({ ...row, files: opened ?? null });
  }
  return {
    from: from.manifest.version,
    to: to.manifest.version,
    layers: await layerChanges(from, to, workDir, signal),
    configuration: configurationChanges(from.manifest, to.manifest),
    packages: compareSources(sides.from.packages, sides.to.packages) ?? null,
    kernel: kernelChanges(sides.from, sides.to),
    partitions,
    cves:
      sides.from.cves === undefined || sides.to.cves === undefined ? null : compareCves(sides.from.cves, sides.to.cves),
  };
}

/** What is known of one version; images add to it as they are opened. */
interface Side {
  packages: Map<PackageSource, Map<string, InstalledPackage>>;
  cves: FoundCve[] | undefined;
  releases: Set<string>;
  configuration: Map<string, string> | undefined;
}

async function recordsOf(version: ArchivedVersion, packages: Side['packages'], signal?: AbortSignal): Promise<Side> {
  const { files } = version.manifest;
  const kernel = files.find(({ role, path }) => role === 'collected' && isConfigurationName(basename(path)));
  return {
    packages,
    cves: await cvesOf(version, signal),
    releases: new Set(),
    configuration: kernel === undefined ? undefined : parseConfiguration(await readRecord(version, kernel, signal)),
  };
}

/** Also of versions whose plan collected the list, before release-plan looked for it. */
const mayListCves = ({ role, path }: ArchivedFile): boolean =>
  role === 'cves' || (role === 'collected' && path.endsWith('.json') && !/\.(spdx|cdx|testdata)\.json$/.test(path));

async function cvesOf(version: ArchivedVersion, signal?: AbortSignal): Promise<FoundCve[] | undefined> {
  let found: FoundCve[] | undefined;
  for (const file of version.manifest.files.filter(mayListCves)) {
    const listed = parseCveCheck(await readRecord(version, file, signal));
    if (listed !== undefined) found = [...(found ?? []), ...listed];
  }
  return found;
}

const partitionNames = (from: ArchivedVersion, to: ArchivedVersion): Set<string> =>
  new Set([to, from].flatMap(({ manifest }) => manifest.partitions.map(({ name }) => name)));

const imageOf = ({ manifest }: ArchivedVersion, partition: string): ArchivedFile | undefined =>
  manifest.files.find((file) => file.role === 'image' && file.partition === partition);

function partitionRow(from: ArchivedVersion, to: ArchivedVersion, name: string): Omit<PartitionChanges, 'files'> {
  const [before, after] = [imageOf(from, name), imageOf(to, name)];
  const layout = ({ manifest }: ArchivedVersion): ArchivedPartition | undefined =>
    manifest.partitions.find((one) => one.name === name);
  return {
    partition: name,
    isSame: before !== undefined && before.sha256 === after?.sha256,
    fromBytes: before?.sizeBytes ?? null,
    toBytes: after?.sizeBytes ?? null,
    fromFilesystem: layout(from)?.filesystem ?? null,
    toFilesystem: layout(to)?.filesystem ?? null,
    fromSlotBytes: layout(from)?.slotSizeBytes ?? null,
    toSlotBytes: layout(to)?.slotSizeBytes ?? null,
  };
}

/** Opens the images of a partition; what they hold of packages and kernel goes to the sides. */
async function compareImages(
  from: ArchivedVersion,
  to: ArchivedVersion,
  partition: string,
  isSame: boolean,
  sides: { from: Side; to: Side },
  signal?: AbortSignal,
): Promise<FileChanges | undefined> {
  const opened: OpenImage[] = [];
  // A database takes reading every list of files, and rpm's a program, to say what manifests say already.
  const isToldByManifests = [sides.from, sides.to].every(({ packages }) => packages.has('package-manifest'));
  const open = async (version: ArchivedVersion, side: Side): Promise<OpenImage | undefined> => {
    const file = imageOf(version, partition);
    const image = file === undefined ? undefined : await openKnown(join(version.dir, file.path), signal);
    if (image === undefined) return undefined;
    opened.push(image);
    await learnKernel(image, side, signal);
    if (!isToldByManifests) await learnPackages(image, side, signal);
    return image;
  };
  try {
    const old = await open(from, sides.from);
    const now = await open(to, sides.to);
    return old === undefined || now === undefined || isSame ? undefined : await compareFiles(old, now, signal);
  } finally {
    for (const image of opened) image.close();
  }
}

/** @returns undefined for an image without a file system that is known here */
async function openKnown(path: string, signal?: AbortSignal): Promise<OpenImage | undefined> {
  try {
    return await openImage(path, signal);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'image-unsupported') return undefined;
    throw error;
  }
}

async function learnKernel(image: OpenImage, side: Side, signal?: AbortSignal): Promise<void> {
  const kernel = await kernelOf(image, signal);
  for (const release of kernel.releases) side.releases.add(release);
  if (kernel.configuration !== undefined) side.configuration ??= parseConfiguration(kernel.configuration);
}

async function learnPackages(image: OpenImage, side: Side, signal?: AbortSignal): Promise<void> {
  const known = side.packages.get('image') ?? new Map<string, InstalledPackage>();
  for (const [name, one] of (await readPackages(image, signal))?.packages ?? []) known.set(name, one);
  if (known.size > 0) side.packages.set('image', known);
}

function kernelChanges(from: Side, to: Side): KernelChanges {
  return {
    from: [...from.releases].sort(),
    to: [...to.releases].sort(),
    options:
      from.configuration === undefined || to.configuration === undefined
        ? null
        : compareConfigurations(from.configuration, to.configuration),
  };
}

/** By somebody, and no generated override, which has another name for each version. */
const isWritten = (kasFile: string): boolean => !/(^|\/)\.release-plan\/kas\/[^/]+$/.test(kasFile);

function configurationChanges(
  { configuration: from }: VersionManifest,
  { configuration: to }: VersionManifest,
): ConfigurationChanges {
  const chain = { from: from.chain.filter(isWritten), to: to.chain.filter(isWritten) };
  return {
    settings: differingKeys(from.settings, to.settings),
    chain: chain.from.join('\0') === chain.to.join('\0') ? null : chain,
    kas: from.kas === to.kas ? null : { from: from.kas, to: to.kas },
  };
}

const differingKeys = (from: Record<string, string>, to: Record<string, string>): string[] =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((key) => from[key] !== to[key]).sort();
