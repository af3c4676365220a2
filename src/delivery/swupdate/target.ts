/** An archived SWUpdate version as a Target, so that both delivery systems share one registry. */
import type { FileDigest } from '../../io/hash.ts';
import type { VersionManifest } from '../../core/archive.ts';
import type { TargetEntry } from '../../fleet/registry-edit.ts';

/** `custom.targetFormat` of this system's Targets. */
export const FORMAT = 'SWUPDATE' as const;

/** The Target's name of an archived version: what devices send as `target-name`. */
export const swupdateTargetName = (key: Pick<VersionManifest, 'machine' | 'image'>, version: string): string =>
  `${key.machine}-${key.image}-${version}`;

/**
 * The registry entry of an archived version. The file that it stands for is
 * the manifest, whose digest covers every image.
 *
 * @param manifest as archived
 * @param file the manifest's path relative to the registry, and what identifies its bytes
 * @param tags the version's tags in the plan; they count for a new Target only
 */
export function targetOfVersion(
  manifest: VersionManifest,
  file: { path: string } & FileDigest,
  tags: readonly string[],
): TargetEntry {
  return {
    hashes: { sha256: file.sha256 },
    length: file.sizeBytes,
    custom: {
      version: manifest.version,
      name: `${manifest.machine}-${manifest.image}`,
      tags,
      hardwareIds: [manifest.machine],
      targetFormat: FORMAT,
      uri: file.path,
      product: manifest.product,
      createdAt: manifest.archivedAt,
      images: Object.fromEntries(
        manifest.files
          .filter((one) => one.role === 'image')
          .map((one) => [one.partition ?? one.path, { sha256: one.sha256, size: one.sizeBytes }]),
      ),
    },
  };
}
