import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { openImage, type OpenImage } from '../filesystem/index.ts';
import type { InstalledPackage } from '../packages/database.ts';
import { parseImageManifest } from '../packages/manifest-file.ts';
import { readPackages } from '../packages/packages.ts';
import { compareFiles, type FileChanges } from './file-changes.ts';
import { comparePackages, type PackageChanges } from './package-changes.ts';

/** A version in the archive. */
export interface ArchivedVersion {
  /** Its folder. */
  dir: string;
  manifest: VersionManifest;
}

/** What changed between two archived versions. */
export interface ReleaseChanges {
  from: string;
  to: string;
  /** Layer repositories and their commits; null where a version does not have the layer. */
  layers: Array<{ layer: string; from: string | null; to: string | null }>;
  /** Variables of the configuration that say something else; values may be secret and are not kept. */
  settings: string[];
  partitions: PartitionChanges[];
}

/** One partition that both versions have. */
export interface PartitionChanges {
  partition: string;
  fromBytes: number;
  toBytes: number;
  /** Null for images of no file system that is known here. */
  files: FileChanges | null;
  /** Null where an image has no database, and no manifest of its packages was archived. */
  packages: PackageChanges | null;
}

/**
 * Compares two archived versions: layers, configuration, and for each partition files and packages.
 *
 * @throws ReleasePlanError `image-corrupt`, `tool-missing`; a system error; AbortError
 */
export async function changesBetween(
  from: ArchivedVersion,
  to: ArchivedVersion,
  signal?: AbortSignal,
): Promise<ReleaseChanges> {
  const partitions: PartitionChanges[] = [];
  for (const { name } of to.manifest.partitions) {
    const before = imageOf(from, name);
    const after = imageOf(to, name);
    if (before === undefined || after === undefined) continue;
    const sizes = { fromBytes: before.sizeBytes, toBytes: after.sizeBytes };
    const isSame = before.sha256 === after.sha256;
    partitions.push({
      partition: name,
      ...sizes,
      ...(isSame ? NOTHING : await compareImages(from, to, [before.path, after.path], signal)),
    });
  }
  return {
    from: from.manifest.version,
    to: to.manifest.version,
    layers: layerChanges(from.manifest.configuration.layers, to.manifest.configuration.layers),
    settings: differingKeys(from.manifest.configuration.settings, to.manifest.configuration.settings),
    partitions,
  };
}

const NOTHING: Pick<PartitionChanges, 'files' | 'packages'> = {
  files: { added: [], removed: [], changed: [] },
  packages: { added: [], removed: [], upgraded: [], relicensed: [] },
};

const imageOf = ({ manifest }: ArchivedVersion, partition: string): VersionManifest['files'][number] | undefined =>
  manifest.files.find((file) => file.role === 'image' && file.partition === partition);

async function compareImages(
  from: ArchivedVersion,
  to: ArchivedVersion,
  [before, after]: readonly [string, string],
  signal?: AbortSignal,
): Promise<Pick<PartitionChanges, 'files' | 'packages'>> {
  const opened: OpenImage[] = [];
  const open = async (path: string): Promise<OpenImage | undefined> => {
    try {
      const image = await openImage(path, signal);
      opened.push(image);
      return image;
    } catch (error) {
      if (error instanceof ReleasePlanError && error.code === 'image-unsupported') return undefined;
      throw error;
    }
  };
  try {
    const old = await open(join(from.dir, before));
    const now = await open(join(to.dir, after));
    const installed = {
      from: await packagesOf(from, old, signal),
      to: await packagesOf(to, now, signal),
    };
    return {
      files: old === undefined || now === undefined ? null : await compareFiles(old, now, signal),
      packages:
        installed.from === undefined || installed.to === undefined
          ? null
          : comparePackages(installed.from, installed.to),
    };
  } finally {
    for (const image of opened) image.close();
  }
}

/** From the image, or from the manifest that Yocto left beside it, where the plan collects that. */
async function packagesOf(
  version: ArchivedVersion,
  image: OpenImage | undefined,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, InstalledPackage> | undefined> {
  const database = image === undefined ? undefined : await readPackages(image, signal);
  if (database !== undefined) return database.packages;
  for (const { role, path } of version.manifest.files) {
    if (role !== 'collected' || !path.endsWith('.manifest')) continue;
    const packages = parseImageManifest(await readFile(join(version.dir, path), 'utf8'));
    if (packages !== undefined) return packages;
  }
  return undefined;
}

const differingKeys = (from: Record<string, string>, to: Record<string, string>): string[] =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((key) => from[key] !== to[key]).sort();

function layerChanges(from: Record<string, string>, to: Record<string, string>): ReleaseChanges['layers'] {
  return differingKeys(from, to).map((layer) => ({ layer, from: from[layer] ?? null, to: to[layer] ?? null }));
}
