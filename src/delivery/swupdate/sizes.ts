import { join } from 'node:path';
import { takeInventory } from '../../archive/inventory.ts';
import { DELTA_INFO, FULL_INFO, fullDir, updateDir, type ArchiveKey } from '../../archive/layout.ts';
import { readVersionManifest } from '../../archive/read-manifest.ts';
import type { DeltaInfo, FullInfo } from '../../core/archive.ts';
import { readIfThere } from '../../io/documents/read.ts';
import type { DeltaSizes } from '../delivery.ts';

/** The packages of an archive, by their manifests alone; of a version without a full package, its images. */
export async function archivedSizes(key: ArchiveKey, to: string): Promise<DeltaSizes> {
  const deltas: DeltaSizes['deltas'] = [];
  for (const pair of (await takeInventory(key)).pairs) {
    const info = await readIfThere<DeltaInfo>('deltaInfo', join(updateDir(key, pair.from, pair.to), DELTA_INFO));
    if (info !== undefined) deltas.push({ ...pair, bytes: info.swu.sizeBytes, madeAt: info.createdAt });
  }
  const full = await readIfThere<FullInfo>('fullInfo', join(fullDir(key, to), FULL_INFO));
  const fullBytes = full?.swu.sizeBytes ?? (await imageBytesOf(key, to));
  return { deltas, ...(fullBytes === undefined ? {} : { fullBytes }) };
}

async function imageBytesOf(key: ArchiveKey, version: string): Promise<number | undefined> {
  const manifest = await readVersionManifest(key, version);
  return manifest?.files.reduce((sum, { role, sizeBytes }) => sum + (role === 'image' ? sizeBytes : 0), 0);
}
