import { join } from 'node:path';
import { takeInventory } from '../../archive/inventory.ts';
import { swuName, updateDir, versionDir, type ArchiveKey } from '../../archive/layout.ts';
import { HEADERS_ALONE, readUpdate, readVersion } from '../../archive/manifest.ts';
import type { Candidate } from './nearest.ts';

/** The archived images of a product, newest folder names last; versions that are not whole are left out. */
export async function archivedImages(key: ArchiveKey, partition?: string): Promise<Candidate[]> {
  const { versions } = await takeInventory(key);
  const candidates: Candidate[] = [];
  for (const version of versions) {
    const held = await readVersion(versionDir(key, version), version, HEADERS_ALONE);
    if (held.state !== 'whole') continue;
    for (const file of held.manifest.files)
      if (file.role === 'image' && file.partition !== undefined && (partition ?? file.partition) === file.partition)
        candidates.push({ version, partition: file.partition, image: join(held.dir, file.path) });
  }
  return candidates;
}

/** A package in the archive that leads on from a version. */
export interface ArchivedDelta {
  to: string;
  /** Absolute path of the .swu. */
  file: string;
}

/** The packages that start from a version; those that are not whole are left out. */
export async function deltasFrom(key: ArchiveKey, from: string): Promise<ArchivedDelta[]> {
  const { pairs } = await takeInventory(key);
  const deltas: ArchivedDelta[] = [];
  for (const { to } of pairs.filter((pair) => pair.from === from)) {
    const dir = updateDir(key, from, to);
    const held = await readUpdate(dir, from, to, HEADERS_ALONE);
    if (held.state === 'whole') deltas.push({ to, file: join(dir, swuName(from, to)) });
  }
  return deltas;
}
