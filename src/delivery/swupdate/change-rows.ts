import { comparePackages } from '../../archive/package-changes.ts';
import type { PackageLists } from '../../archive/package-lists.ts';
import { manifestOf, type ArchiveState } from '../../core/archive.ts';
import type { Pair } from '../../core/pair.ts';
import type { ChangeRow } from '../../core/report.ts';

/** What changed between the versions of each pair that are both whole, by their manifests and package lists. Pure. */
export function changeRows(pairs: readonly Pair[], archive: ArchiveState, packages: PackageLists): ChangeRow[] {
  return pairs.flatMap(({ from, to }): ChangeRow[] => {
    const [base, target] = [from, to].map((version) => manifestOf(archive.versions.get(version)));
    if (base === undefined || target === undefined) return [];
    const [before, after] = [base.configuration.layers, target.configuration.layers];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    const layers = names
      .filter((layer) => before[layer] !== after[layer])
      .map((layer) => ({ layer, from: before[layer] ?? null, to: after[layer] ?? null }));
    return [{ from, to, layers, packages: countsOf(packages.get(from), packages.get(to)) }];
  });
}

type List = PackageLists extends ReadonlyMap<string, infer T> ? T : never;

function countsOf(from: List | undefined, to: List | undefined): ChangeRow['packages'] {
  if (from === undefined || to === undefined) return null;
  const { added, removed, upgraded } = comparePackages(from, to);
  return { added: added.length, removed: removed.length, upgraded: upgraded.length };
}
