/** What a plan says of a package, for those who check it and those who install it. Pure. */
import type { Code } from '../../core/codes/index.ts';
import type { Plan } from '../../core/plan.ts';
import { payloadName, type SwuPartition } from '../../swu/build.ts';
import { handlerOf, targetsOf } from '../../swu/devices.ts';
import type { Expected } from '../../swu/lint/index.ts';
import type { InstalledPartition } from '../../swu/install.ts';
import type { Selection } from '../../swu/views.ts';
import type { Payloads, Traveller } from './payloads.ts';

/** What `-e` chooses; empty for a device without slots. */
export function selectionsOf(
  { swu }: Pick<Plan, 'swu'>,
  partitions: ReadonlyArray<Pick<SwuPartition, 'target'>>,
): Selection[] {
  const { set, modes } = swu.selections;
  return partitions.some((one) => 'slots' in one.target) ? modes.map((mode) => ({ set, mode })) : [];
}

/** The places of a partition by selection; one where there are none. */
const placesOf = (one: SwuPartition, selections: readonly Selection[]) =>
  selections.length === 0
    ? [targetsOf(one, undefined)]
    : ([targetsOf(one, 'a'), targetsOf(one, 'b')] satisfies unknown[]);

export function expectedOf(plan: Plan, version: string, { partitions }: Payloads): Expected {
  const selections = selectionsOf(plan, partitions);
  return {
    version,
    boards: plan.swu.boards.map((name) => ({ name, hardware: plan.swu.hardware })),
    isGuarded: plan.swu.guard !== 'none',
    selections,
    payloads: partitions.map((one) => ({
      filename: payloadName(one),
      type: handlerOf(one).type,
      image: one.image,
      places: placesOf(one, selections),
      ...(one.delta !== undefined && one.base !== undefined ? { base: one.base } : {}),
    })),
  };
}

/** The protections that the plan leaves out, each by a key that names it. */
export function leftOut({ guard, readback, allowsInstalledDirectly }: Plan['swu']): ReadonlySet<Code> {
  const codes: Code[] = [];
  if (guard === 'none') codes.push('swu-guard');
  if (!readback) codes.push('swu-readback');
  if (allowsInstalledDirectly) codes.push('swu-direct');
  return new Set(codes);
}

/** The partitions of a package as a device has them, or why files cannot stand for them. */
export function installedPartitions(
  plan: Plan,
  { partitions }: Payloads,
  travellers: readonly Traveller[],
): InstalledPartition[] | string {
  const unreadable = partitions.find((one) => handlerOf(one).unreadable !== undefined);
  if (unreadable !== undefined) return `no file can stand for ${unreadable.name}, which is of type ${unreadable.type}`;
  const selections = selectionsOf(plan, partitions);
  return partitions.map((one) => {
    const base =
      one.delta !== undefined ? travellers.find(({ partition }) => partition.name === one.name)?.base : undefined;
    return {
      name: one.name,
      places: placesOf(one, selections),
      image: one.image,
      hasSize: one.type === 'block',
      ...(base === undefined ? {} : { base }),
    };
  });
}
