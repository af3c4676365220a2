/** Deltas for most devices rather than for all: which bases are worth one, by the devices that run them. Pure. */
import type { DeltaSources } from '../../core/plan.ts';
import { formatShare } from '../../text/bytes.ts';
import { counted } from '../../text/count.ts';
import type { DeviceWay, RequiredDeltas, RequiredPair, Way } from './required.ts';

/** How much of a fleet is to be served by deltas. */
export type CoverLimits = Pick<Extract<DeltaSources, { kind: 'cover' }>, 'share' | 'max'>;

/**
 * The fewest of the required deltas that serve a share of the devices which
 * have to update; the others take the full package. A device runs one version,
 * so that the bases with most devices are the best choice, and not only a good one.
 *
 * Named pairs count as every other.
 */
export function coverRequired(answer: RequiredDeltas, limits: CoverLimits): RequiredDeltas {
  const devices = devicesByPair(answer.ways);
  const updating = answer.ways.filter(({ way }) => way.kind === 'delta' || way.kind === 'full-image');
  const total = updating.reduce((sum, { group }) => sum + group.devices, 0);
  const kept = mostUsed(answer.pairs, devices, total, limits);
  const covered = [...kept].reduce((sum, pair) => sum + (devices.get(pair) ?? 0), 0);
  const detail =
    `left out by cover: ${counted(kept.size, 'delta')} for ${covered} of ${counted(total, 'device')} ` +
    `(${formatShare(covered, total)})`;
  return {
    ...answer,
    pairs: answer.pairs.filter((pair) => kept.has(pair)),
    ways: answer.ways.map((one) => ({ ...one, way: leftOut(one.way, kept, detail) })),
  };
}

/** By pair, whatever hardware its devices have. */
function devicesByPair(ways: readonly DeviceWay[]): Map<RequiredPair, number> {
  const devices = new Map<RequiredPair, number>();
  for (const { group, way } of ways)
    if (way.kind === 'delta') devices.set(way.pair, (devices.get(way.pair) ?? 0) + group.devices);
  return devices;
}

function mostUsed(
  pairs: readonly RequiredPair[],
  devices: ReadonlyMap<RequiredPair, number>,
  total: number,
  { share, max = Infinity }: CoverLimits,
): Set<RequiredPair> {
  const kept = new Set<RequiredPair>();
  let covered = 0;
  // The sort is stable: of bases with as many devices, the newer comes first.
  for (const pair of [...pairs].sort((a, b) => (devices.get(b) ?? 0) - (devices.get(a) ?? 0))) {
    const more = devices.get(pair) ?? 0;
    if (more === 0 || covered >= share * total || kept.size >= max) break;
    kept.add(pair);
    covered += more;
  }
  return kept;
}

const leftOut = (way: Way, kept: ReadonlySet<RequiredPair>, detail: string): Way =>
  way.kind === 'delta' && !kept.has(way.pair) ? { kind: 'full-image', reason: 'cover', detail } : way;
