import { join } from 'node:path';
import { versionDir, type ArchiveKey } from '../../archive/layout.ts';
import { HEADERS_ALONE, readVersion } from '../../archive/manifest.ts';
import { storedManifests } from '../../archive/store-seen.ts';
import type { ArchivedFile, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestBytes, digestFile } from '../../io/hash.ts';
import { readRegular, requireRegular } from '../../io/regular.ts';

/** A version in the archive. */
export interface ArchivedVersion {
  /** Its folder. */
  dir: string;
  manifest: VersionManifest;
}

/** An SBOM of a large image has some 100 MB. */
const LARGEST_RECORD_BYTES = 256 * 1024 * 1024;

/**
 * A version by its manifest. Its files are there and have their sizes; their bytes are not read.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`, `archive-in-store`
 */
export async function requireArchived(
  key: ArchiveKey,
  version: string,
  signal?: AbortSignal,
): Promise<ArchivedVersion> {
  const dir = versionDir(key, version);
  const entry = await readVersion(dir, version, { ...HEADERS_ALONE, ...(signal === undefined ? {} : { signal }) });
  switch (entry.state) {
    case 'whole':
      return { dir, manifest: entry.manifest };
    case 'absent':
      throw new ReleasePlanError('archive-missing', `${version} is not in the archive: ${dir}`);
    case 'damaged':
      if (await isInStore(key, dir, version))
        throw new ReleasePlanError('archive-in-store', `files of ${version} are in the store alone`);
      throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
    case 'unreadable':
      throw new ReleasePlanError('archive-unreadable', entry.problems.join('; '));
  }
}

/** Whether nothing is wrong with a version but that files of it are in the store alone. */
async function isInStore(key: ArchiveKey, dir: string, version: string): Promise<boolean> {
  const manifests = await storedManifests(key);
  const isElsewhere = (manifest: string): boolean => manifests.has(manifest);
  return (await readVersion(dir, version, { ...HEADERS_ALONE, isElsewhere })).state === 'whole';
}

/**
 * Where an archived record is, for a program that reads it itself.
 *
 * @throws ReleasePlanError `archive-damaged` when it is not what the manifest says, `file-too-large`; a system error;
 *   AbortError
 */
export async function requireRecord(
  { dir }: ArchivedVersion,
  file: ArchivedFile,
  signal?: AbortSignal,
): Promise<string> {
  const path = join(dir, file.path);
  await requireRegular(path, { maxBytes: LARGEST_RECORD_BYTES });
  if ((await digestFile(path, signal)).sha256 !== file.sha256) throw altered(path);
  return path;
}

const altered = (path: string): ReleasePlanError =>
  new ReleasePlanError('archive-damaged', `${path} was altered since it was archived`);

/**
 * The text of an archived record.
 *
 * @throws ReleasePlanError `archive-damaged` when it is not what the manifest says, `file-too-large`; a system error
 */
export async function readRecord({ dir }: ArchivedVersion, file: ArchivedFile, signal?: AbortSignal): Promise<string> {
  const path = join(dir, file.path);
  const options = { maxBytes: LARGEST_RECORD_BYTES, ...(signal === undefined ? {} : { signal }) };
  const bytes = await readRegular(path, options);
  if (digestBytes(bytes).sha256 !== file.sha256) throw altered(path);
  return bytes.toString('utf8');
}
