import { join } from 'node:path';
import type { VersionManifest } from '../core/archive.ts';
import { readIfThere } from '../io/documents/read.ts';
import { MANIFEST, versionDir, type ArchiveKey } from './layout.ts';

/** The manifest of a version, not compared with its files; undefined without one, and for one that was altered. */
export const readVersionManifest = async (key: ArchiveKey, version: string): Promise<VersionManifest | undefined> =>
  await readIfThere<VersionManifest>('manifest', join(versionDir(key, version), MANIFEST));
