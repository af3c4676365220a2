/** What is found out of the archive for the page and kept beside the runs, as plain data. */
import type { Pair } from './pair.ts';

/** Which files of the target the bytes of one delta are for: the largest, and the rest in sums. */
export interface ExplainedDelta {
  schema: 1;
  from: string;
  to: string;
  partition: string;
  /** sha256 of the delta. */
  sha256: string;
  filesystem: string;
  totalBytes: number;
  /** Largest first. */
  files: Array<{ path: string; bytes: number; cause: string; package: string | null }>;
  otherFilesBytes: number;
  metadataBytes: number;
  commandBytes: number;
}

/** What changed from one version to another, as the page shows it: counts, and the first rows of each list. */
export interface ChangedPair extends Pair {
  schema: 1;
  /** sha256 over the manifests of both. */
  sha256: string;
  layers: ChangedLayer[];
  /** Null where nothing tells the packages of both versions. */
  packages: (PackageCounts & { rows: ChangedPackage[] }) | null;
  /** Null unless both builds left a list of a check. */
  vulnerabilities: { fixed: number; introduced: number; remaining: number; rows: ChangedVulnerability[] } | null;
  /** Releases of the kernel that have modules. */
  kernel: { from: string[]; to: string[] };
  /** By partition; none of equal images, and of those that were not opened. */
  files: ChangedFiles[];
  /** Why files were not compared; absent where they were. */
  filesUnknown?: string;
}

export interface ChangedLayer {
  layer: string;
  /** A commit; null where a version does not have the layer. */
  from: string | null;
  to: string | null;
  /** A page with the commits between; null where none is known. */
  link: string | null;
  /** How many commits are between; null where nobody has counted. */
  commits: number | null;
}

export interface PackageCounts {
  added: number;
  removed: number;
  /** Upgraded or downgraded. */
  upgraded: number;
  relicensed: number;
}

export interface ChangedPackage {
  name: string;
  change: 'added' | 'removed' | 'upgraded' | 'relicensed';
  /** A version, or a licence of one that is relicensed; null for one that is not there. */
  from: string | null;
  to: string | null;
  licence: string | null;
}

export interface ChangedVulnerability {
  id: string;
  change: 'fixed' | 'introduced';
  package: string;
  version: string;
  /** CVSS; null where there is none. */
  score: number | null;
  /** What the check says of one that is fixed now, and said before of one that is new. */
  status: string;
}

export interface ChangedFiles {
  partition: string;
  added: number;
  removed: number;
  changed: number;
  rows: Array<{
    path: string;
    change: 'added' | 'removed' | 'changed';
    /** In what: content, mode, owner ... */
    differs: string[];
    fromBytes: number | null;
    toBytes: number | null;
  }>;
}
