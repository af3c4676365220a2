import { takeInventory, updatePlace, type Inventory } from '../archive/inventory.ts';
import type { Pair } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { isVersion } from '../plan/version.ts';

/** Everything in the archive that is named as a version or an update; other folders are told of. */
export async function archivedSubjects(plan: Plan, host: Pick<Host, 'report'>): Promise<Inventory> {
  const { versions, pairs, fulls } = await takeInventory(plan);
  const isUpdate = ({ from, to }: Pair): boolean => isVersion(from) && isVersion(to);
  const strangers = [
    ...versions.filter((name) => !isVersion(name)),
    ...pairs.filter((pair) => isVersion(pair.to) && !isUpdate(pair)).map(updatePlace),
  ];
  if (strangers.length > 0)
    host.report({
      type: 'warning',
      message: `skipped in the archive, because their names are not versions: ${strangers.join(', ')}`,
    });
  const named = (names: readonly string[]): string[] => names.filter((name) => isVersion(name));
  return { versions: named(versions), pairs: pairs.filter(isUpdate), fulls: named(fulls) };
}
