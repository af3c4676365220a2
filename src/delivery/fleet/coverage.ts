/** The fleet and one version in numbers: who is there, who gets there how. Pure. */
import type { DeviceGroup } from '../../fleet/devices/tally.ts';
import type { DeviceWay, RequiredDeltas, Way } from './required.ts';

/** Devices by the way they take. */
export interface Coverage {
  devices: number;
  /** They run it already. */
  there: number;
  /** They run a newer version, and stay. */
  newer: number;
  byDelta: number;
  byFullImage: number;
  /** No Target of the version exists for their hardware. */
  notAtAll: number;
}

/** Devices on one version of one tag. */
export interface VersionCount {
  tag: string;
  /** As the fleet names it: version, Target, or commit. */
  running: string;
  devices: number;
}

/** Devices that take the full image, or have no way, for one and the same reason. */
export interface Uncovered {
  kind: 'full-image' | 'none';
  reason: string;
  detail: string;
  devices: number;
  examples: string[];
}

const FIELD = {
  'there': 'there',
  'newer': 'newer',
  'delta': 'byDelta',
  'full-image': 'byFullImage',
  'none': 'notAtAll',
} as const satisfies Record<Way['kind'], keyof Coverage>;

/** Adds up the ways of all devices. */
export function coverageOf(ways: readonly DeviceWay[]): Coverage {
  const coverage: Coverage = { devices: 0, there: 0, newer: 0, byDelta: 0, byFullImage: 0, notAtAll: 0 };
  for (const { group, way } of ways) {
    coverage.devices += group.devices;
    coverage[FIELD[way.kind]] += group.devices;
  }
  return coverage;
}

/** What devices run, as the fleet names it. */
export const runningInWords = ({ targetName, version, commit }: DeviceGroup): string =>
  targetName ?? version ?? commit ?? 'unknown';

/** Devices by version on each tag, most first. */
export function versionCounts(ways: readonly DeviceWay[]): VersionCount[] {
  const counts = new Map<string, VersionCount>();
  for (const { group } of ways) {
    const running = runningInWords(group);
    const key = `${group.tag}\0${running}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { tag: group.tag, running, devices: group.devices });
    else known.devices += group.devices;
  }
  return [...counts.values()].sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : b.devices - a.devices));
}

/** The devices that no delta serves, by reason, most first. */
export function uncoveredOf(answer: RequiredDeltas): Uncovered[] {
  const found = new Map<string, Uncovered>();
  for (const { group, way } of answer.ways) {
    if (way.kind !== 'full-image' && way.kind !== 'none') continue;
    const reason = way.kind === 'none' ? 'no-target' : way.reason;
    const key = `${reason}\0${way.detail}`;
    const known = found.get(key);
    if (known === undefined)
      found.set(key, {
        kind: way.kind,
        reason,
        detail: way.detail,
        devices: group.devices,
        examples: [...group.examples],
      });
    else {
      known.devices += group.devices;
      known.examples.push(...group.examples.slice(0, Math.max(0, 3 - known.examples.length)));
    }
  }
  return [...found.values()].sort((a, b) => b.devices - a.devices);
}
