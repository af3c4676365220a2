import type {
  ChangedFiles,
  ChangedPackage,
  ChangedPair,
  ChangedVulnerability,
  PackageCounts,
} from '../../core/findings.ts';
import type { PartitionChanges, ReleaseChanges } from './changes.ts';
import type { CveChanges } from './cve-changes.ts';
import type { ChangedFile } from './file-changes.ts';
import type { SourcedPackageChanges } from './recorded-packages.ts';

/** Rows of a list that are kept. */
const MOST_ROWS = 100;

/**
 * What changed, as the page shows it. Pure.
 *
 * @param sha256 of what it was found out from
 * @param filesUnknown why files were not compared
 */
export function changedPair(changes: ReleaseChanges, sha256: string, filesUnknown?: string): ChangedPair {
  const { from, to, layers, packages, kernel, partitions, cves } = changes;
  return {
    schema: 1,
    from,
    to,
    sha256,
    layers: layers.map((one) => ({
      layer: one.layer,
      from: one.from,
      to: one.to,
      link: one.link,
      commits: one.commits?.added ?? null,
    })),
    packages: packages === null ? null : { ...packageCounts(packages), rows: packageRows(packages) },
    vulnerabilities:
      cves === null
        ? null
        : {
            fixed: cves.fixed.length,
            introduced: cves.introduced.length,
            remaining: cves.remaining,
            rows: vulnerabilityRows(cves),
          },
    kernel: { from: kernel.from, to: kernel.to },
    files: partitions.flatMap(filesOf),
    ...(filesUnknown === undefined ? {} : { filesUnknown }),
  };
}

const packageCounts = ({ added, removed, upgraded, relicensed }: SourcedPackageChanges): PackageCounts => ({
  added: added.length,
  removed: removed.length,
  upgraded: upgraded.length,
  relicensed: relicensed.length,
});

/** What comes, goes and changes its licence is read first, and must not be cut off by what is merely newer. */
function packageRows({ added, removed, upgraded, relicensed }: SourcedPackageChanges): ChangedPackage[] {
  const rows: ChangedPackage[] = [
    ...relicensed.map((one) => ({ ...one, change: 'relicensed' as const, licence: one.to })),
    ...added.map(({ name, version, licence }) => ({
      name,
      change: 'added' as const,
      from: null,
      to: version,
      licence: licence ?? null,
    })),
    ...removed.map(({ name, version, licence }) => ({
      name,
      change: 'removed' as const,
      from: version,
      to: null,
      licence: licence ?? null,
    })),
    ...upgraded.map(({ name, from, to, licence }) => ({
      name,
      change: 'upgraded' as const,
      from,
      to,
      licence: licence ?? null,
    })),
  ];
  return rows.slice(0, MOST_ROWS);
}

/** New ones first, the worst of them first. */
function vulnerabilityRows({ fixed, introduced }: CveChanges): ChangedVulnerability[] {
  const rows: ChangedVulnerability[] = [
    ...introduced.map(({ before, ...one }) => ({ ...plain(one), change: 'introduced' as const, status: before })),
    ...fixed.map(({ now, ...one }) => ({ ...plain(one), change: 'fixed' as const, status: now })),
  ];
  return rows
    .sort((a, b) => Number(a.change === 'fixed') - Number(b.change === 'fixed') || (b.score ?? 0) - (a.score ?? 0))
    .slice(0, MOST_ROWS);
}

const plain = ({ id, package: name, version, score }: Omit<ChangedVulnerability, 'change' | 'status'>) => ({
  id,
  package: name,
  version,
  score,
});

function filesOf({ partition, files }: PartitionChanges): ChangedFiles[] {
  if (files === null) return [];
  const { added, removed, changed } = files;
  const rows: ChangedFiles['rows'] = [
    ...permissionsFirst(changed).map(({ path, differs, from, to }) => ({
      path,
      change: 'changed' as const,
      differs: [...differs],
      fromBytes: from.bytes,
      toBytes: to.bytes,
    })),
    ...added.map(({ path, bytes }) => ({
      path,
      change: 'added' as const,
      differs: [],
      fromBytes: null,
      toBytes: bytes,
    })),
    ...removed.map(({ path, bytes }) => ({
      path,
      change: 'removed' as const,
      differs: [],
      fromBytes: bytes,
      toBytes: null,
    })),
  ];
  const counts = { added: added.length, removed: removed.length, changed: changed.length };
  return [{ partition, ...counts, rows: rows.slice(0, MOST_ROWS) }];
}

/** Who may do what with a file matters more than what is in it, and must not be cut off. */
export function permissionsFirst(files: readonly ChangedFile[]): ChangedFile[] {
  const isPermission = ({ differs }: ChangedFile): boolean =>
    differs.some((one) => one === 'mode' || one === 'owner' || one === 'kind');
  return [...files.filter(isPermission), ...files.filter((one) => !isPermission(one))];
}
