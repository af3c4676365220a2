/** fioctl's factory status: how many devices of a tag run which version, instead of the devices. */
import { isRecord } from '../registry.ts';
import type { FleetTally } from './tally.ts';

/**
 * Adds one entry of `tags` or `prod-tags`.
 *
 * It does not say which hardware the devices are: a version that several
 * kinds of hardware have counts for each of them.
 *
 * @returns what is wrong with the entry, or undefined
 */
export function readTagStatus(row: unknown, tally: FleetTally): string | undefined {
  if (!isRecord(row) || typeof row.name !== 'string') return 'status of a tag has no name';
  const tag = row.name;
  const targets: unknown = row.targets ?? [];
  if (!Array.isArray(targets)) return `status of tag ${tag} has no list of targets`;
  tally.addTag(tag);
  let counted = 0;
  for (const target of targets as unknown[]) {
    const count = isRecord(target) ? target.devices : undefined;
    const version = isRecord(target) ? target.version : undefined;
    if (
      typeof count !== 'number' ||
      !Number.isInteger(count) ||
      count < 0 ||
      (typeof version !== 'number' && typeof version !== 'string')
    ) {
      return `status of tag ${tag} has a target without a version or a number of devices`;
    }
    counted += count;
    tally.addGroup({
      tag,
      version: String(version),
      devices: count,
      examples: [],
      isOrphan: isRecord(target) && target['is-orphan'] === true,
    });
  }
  const total = row['devices-total'];
  // What runs no known version is counted by the server, but listed under no Target.
  if (typeof total === 'number' && total > counted)
    tally.addGroup({ tag, devices: total - counted, examples: [], isOrphan: false });
  return undefined;
}
