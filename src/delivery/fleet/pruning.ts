/** Which Targets a prune means, and what keeps them in the registry. Pure. */
import type { Plan } from '../../core/plan.ts';
import type { Registry, Target } from '../../fleet/registry.ts';
import { TargetIndex, distinct, runningOf } from '../../fleet/running.ts';
import { counted } from '../../text/count.ts';
import type { FleetView } from './view.ts';

/** The Targets whose tags are these and no others, in the order of the registry; fioctl's `--by-tag`. */
export const targetsTagged = (targets: readonly Target[], tags: readonly string[]): Target[] => {
  const wanted = [...tags].sort().join('\0');
  return targets.filter((target) => target.tags.toSorted().join('\0') === wanted);
};

/** Without those of so many of the newest versions among them; fioctl's `--keep-last`. */
export function withoutLast(
  targets: readonly Target[],
  keepLast: number,
  compareVersions: (a: string, b: string) => number,
): Target[] {
  const newest = distinct(targets.map((one) => one.version))
    .toSorted((a, b) => compareVersions(b, a))
    .slice(0, keepLast);
  return targets.filter(({ version }) => !newest.includes(version));
}

/** Why Targets must stay, a line each: devices run them, a tag would lead nowhere, the plan names them. */
export function pruneBlockers({ registry, fleet, plan }: FleetView, chosen: readonly Target[]): string[] {
  const left = registry.targets.filter((target) => !chosen.includes(target));
  return [
    ...(fleet === undefined ? [] : [...runningBlockers(registry, fleet, chosen), ...tagBlockers(fleet, chosen, left)]),
    ...planBlockers(plan, chosen, left),
  ];
}

type Fleet = NonNullable<FleetView['fleet']>;

function runningBlockers(registry: Registry, fleet: Fleet, chosen: readonly Target[]): string[] {
  const index = new TargetIndex(registry.targets);
  const running = new Map<Target, { devices: number; examples: string[] }>();
  for (const group of fleet.groups) {
    const { target } = runningOf(group, index);
    if (target === undefined || !chosen.includes(target)) continue;
    const known = running.get(target) ?? { devices: 0, examples: [] };
    running.set(target, {
      devices: known.devices + group.devices,
      examples: [...known.examples, ...group.examples].slice(0, 3),
    });
  }
  const unread = fleet.bad.count + fleet.odd.count;
  return [
    ...chosen.flatMap((target) => {
      const { devices, examples } = running.get(target) ?? { devices: 0, examples: [] };
      const run = counted(devices, 'device runs', 'devices run');
      return devices === 0 ? [] : [`${run} ${target.name} (${examples.join(', ')})`];
    }),
    ...(unread === 0
      ? []
      : [`of ${counted(unread, 'device', 'devices')} of ${fleet.source} nobody can say what they run`]),
  ];
}

function tagBlockers({ groups }: Fleet, chosen: readonly Target[], left: readonly Target[]): string[] {
  const emptied = distinct(chosen.flatMap((target) => target.tags)).filter(
    (tag) => !left.some((target) => target.tags.includes(tag)),
  );
  return emptied.flatMap((tag) => {
    const devices = groups.filter((group) => group.tag === tag).reduce((sum, group) => sum + group.devices, 0);
    const follow = counted(devices, 'device follows', 'devices follow');
    return devices === 0 ? [] : [`${follow} the tag ${tag}, which no Target would have any longer`];
  });
}

function planBlockers(plan: Plan, chosen: readonly Target[], left: readonly Target[]): string[] {
  const named = new Set([
    ...plan.versions.map((one) => one.version),
    ...plan.deltas.flatMap(({ to, from }) => [to, ...(from.kind === 'list' ? from.versions : [])]),
  ]);
  return distinct(chosen.map(({ version }) => version))
    .filter((version) => named.has(version) && !left.some((target) => target.version === version))
    .map((version) => `${plan.file} names version ${version}`);
}
