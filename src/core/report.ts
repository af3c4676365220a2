/** The consistency report as plain data. */
import type { Pair } from './pair.ts';

/** What a row of the report is about. */
export type CheckName =
  | 'machine'
  | 'configuration'
  | 'layout'
  | 'read-only'
  | 'slot-size'
  | 'archive'
  | 'build-version'
  | 'delta'
  | 'swu'
  | 'package'
  | 'install'
  | 'full'
  | 'share'
  | 'device'
  | 'devices';

export interface CheckRow {
  check: CheckName;
  /** A version, a pair as {@link pairText} writes it, or `fleet`. */
  subject: string;
  result: 'pass' | 'fail' | 'not-checked';
  /** What was found, or why nothing was checked. */
  detail: string;
}

/** What a device on `from` downloads to reach `to`. */
export interface SizeRow extends Pair {
  /**
   * Without a delta: the full package (all partition images of the target where there is none), or the objects of a
   * commit that the base lacks.
   */
  fullBytes: number;
  /** The bare deltas. */
  deltaBytes: number;
  /** The deltas compressed. */
  compressedBytes: number;
  /** What a device fetches: the .swu, or the parts of a static delta. */
  sendBytes: number;
  /** Devices that this pair serves, where the fleet is known. */
  devices?: number;
  /** The delta is too large to be worth it: devices take the full package, whose size {@link sendBytes} then is. */
  isNotOffered?: true;
}

/** What a device downloads that takes the full package. */
export interface FullRow {
  version: string;
  sendBytes: number;
  /** Devices that take it, where the fleet is known. */
  devices?: number;
}

/** What changed from one version to another, in short; `release-plan changes` has it in full. */
export interface ChangeRow extends Pair {
  /** Layer repositories whose commits differ; null where a version does not have one. */
  layers: Array<{ layer: string; from: string | null; to: string | null }>;
  /** How many; upgraded or downgraded. Null unless both builds left a package manifest. */
  packages: { added: number; removed: number; upgraded: number } | null;
}

/** What a plan refers to: what a `gc` of another plan over the same archive has to leave. */
export interface ReportScope {
  versions: string[];
  pairs: Pair[];
}

export interface ConsistencyReport {
  schema: 1;
  product: string;
  machine: string;
  image: string;
  /** ISO 8601, UTC: since when the report reads as it does. */
  generatedAt: string;
  consistent: boolean;
  scope: ReportScope;
  checks: CheckRow[];
  sizes: SizeRow[];
  /** Full packages; none for a system without. */
  fulls?: FullRow[];
  /** What changed, by pair; absent for a system whose versions are not archived as files. */
  changes?: ChangeRow[];
  /** What kas and BitBake warned of when they built a version; absent without any. */
  warnings?: BuildWarning[];
}

/** A warning of a build. `kas: ` stands before those of kas itself. */
export interface BuildWarning {
  version: string;
  message: string;
}
