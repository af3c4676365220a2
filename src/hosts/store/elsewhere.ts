/** Which files of an archive's folder are at home in a store. */
import type { ReadOptions } from '../../archive/manifest.ts';
import { storedManifests } from '../../archive/store-seen.ts';
import type { Plan } from '../../core/plan.ts';

/** For reading a folder whose files may be in the store alone, as it was when it was last looked at. Asks no server. */
export async function storedReading(plan: Plan): Promise<Pick<ReadOptions, 'isElsewhere'>> {
  if (plan.store === undefined) return {};
  const manifests = await storedManifests(plan);
  return { isElsewhere: (manifest) => manifests.has(manifest) };
}
