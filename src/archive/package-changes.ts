import type { InstalledPackage } from '../core/archive.ts';

/** Packages of two versions; each list by name. */
export interface PackageChanges {
  added: InstalledPackage[];
  removed: InstalledPackage[];
  /** Also downgraded: versions of packages have no order that all package managers share. */
  upgraded: Array<{ name: string; from: string; to: string; licence?: string }>;
  relicensed: Array<{ name: string; from: string; to: string }>;
}

/** What differs between the packages of two images. Pure. */
export function comparePackages(
  from: ReadonlyMap<string, InstalledPackage>,
  to: ReadonlyMap<string, InstalledPackage>,
): PackageChanges {
  const changes: PackageChanges = { added: [], removed: [], upgraded: [], relicensed: [] };
  for (const name of [...new Set([...from.keys(), ...to.keys()])].sort()) {
    const before = from.get(name);
    const after = to.get(name);
    if (before === undefined) {
      if (after !== undefined) changes.added.push(after);
    } else if (after === undefined) changes.removed.push(before);
    else {
      if (before.version !== after.version) changes.upgraded.push({ name, from: before.version, to: after.version });
      // A database that knows no licences says nothing of a change.
      if (before.licence !== undefined && after.licence !== undefined && before.licence !== after.licence)
        changes.relicensed.push({ name, from: before.licence, to: after.licence });
    }
  }
  return changes;
}
