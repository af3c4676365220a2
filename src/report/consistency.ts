import { formatBytes } from '../text/bytes.ts';
import {
  pairKey,
  problemsOf,
  type ArchiveState,
  type DeltaInfo,
  type Proof,
  type VersionManifest,
} from '../core/archive.ts';
import { checkPair } from './pair.ts';
import { checkVersion } from './version.ts';

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
  | 'device'
  | 'devices';

export interface CheckRow {
  check: CheckName;
  /** A version, a pair `from -> to`, or `fleet`. */
  subject: string;
  result: 'pass' | 'fail' | 'not-checked';
  /** What was found, or why nothing was looked at. */
  detail: string;
}

/** What a device on `from` downloads to reach `to`. */
export interface SizeRow {
  from: string;
  to: string;
  /** Without a delta: all partition images of the target, or the objects of an OSTree commit that the base lacks. */
  fullBytes: number;
  /** The bare deltas. */
  deltaBytes: number;
  /** The deltas compressed. */
  compressedBytes: number;
  /** What a device fetches: the .swu, or the parts of a static delta. */
  sendBytes: number;
  /** Devices that this pair serves, where the fleet is known. */
  devices?: number;
}

export interface ConsistencyReport {
  schema: 1;
  product: string;
  machine: string;
  image: string;
  /** ISO 8601, UTC: since when the report reads as it does. */
  generatedAt: string;
  consistent: boolean;
  checks: CheckRow[];
  sizes: SizeRow[];
  /** What kas and BitBake warned of when they built a version; absent without any. */
  warnings?: BuildWarning[];
}

/** A warning of a build. `kas: ` stands before those of kas itself. */
export interface BuildWarning {
  version: string;
  message: string;
}

export interface ReportInput {
  product: string;
  machine: string;
  image: string;
  versions: readonly string[];
  pairs: ReadonlyArray<{ from: string; to: string; devices?: number }>;
  state: ArchiveState;
  /** Why a version or a pair (by key) could not be made in this run. */
  failures: ReadonlyMap<string, string>;
  /** Rows about the devices; empty when the plan names no fleet. */
  devices: readonly CheckRow[];
}

/** The consistency report of a plan over what the archive holds. Pure; the caller sets the time. */
export function consistencyReport(input: ReportInput, generatedAt: string): ConsistencyReport {
  const checks = [
    ...input.versions.flatMap((version) =>
      checkVersion(version, input.state.versions.get(version), input.failures.get(version)),
    ),
    ...input.pairs.flatMap(({ from, to }) => pairRows(input, from, to)),
    ...(input.devices.length > 0
      ? input.devices
      : [{ check: 'devices', subject: 'fleet', result: 'not-checked', detail: 'the plan names no fleet' } as const]),
  ];
  const sizes = input.pairs.flatMap(({ from, to, devices }) => sizeRow(input.state, from, to, devices));
  const warnings = input.versions.flatMap((version) => warningsOf(version, input.state));
  const report = rowsReport(input, { checks, sizes }, generatedAt);
  return warnings.length === 0 ? report : { ...report, warnings };
}

const warningsOf = (version: string, state: ArchiveState): BuildWarning[] =>
  (manifestOf(state, version)?.warnings ?? []).map((message) => ({ version, message }));

/** The report that these rows make: pairs that serve most devices first, and what the fleet fetches in all. */
export function rowsReport(
  { product, machine, image }: Pick<ReportInput, 'product' | 'machine' | 'image'>,
  rows: Pick<ConsistencyReport, 'checks' | 'sizes'>,
  generatedAt: string,
): ConsistencyReport {
  const checks = [...rows.checks, ...fleetRow(rows.sizes)];
  const sizes = rows.sizes.toSorted((a, b) => (b.devices ?? 0) - (a.devices ?? 0));
  return {
    schema: 1,
    product,
    machine,
    image,
    generatedAt,
    consistent: checks.every((row) => row.result !== 'fail'),
    checks,
    sizes,
  };
}

/** What the devices that a delta serves fetch, with deltas and without; nothing where the fleet is not known. */
function fleetRow(sizes: readonly SizeRow[]): CheckRow[] {
  const served = sizes.filter((one) => one.devices !== undefined);
  if (served.length === 0) return [];
  const over = (bytes: (one: SizeRow) => number): string =>
    formatBytes(served.reduce((total, one) => total + (one.devices ?? 0) * bytes(one), 0));
  return [
    {
      check: 'devices',
      subject: 'fleet',
      result: 'pass',
      detail: `${over((one) => one.sendBytes)} to send with deltas, ${over((one) => one.fullBytes)} without`,
    },
  ];
}

/** Whether two reports say the same, whenever they were written. */
export const sameReport = (a: ConsistencyReport, b: ConsistencyReport): boolean =>
  JSON.stringify({ ...a, generatedAt: '' }) === JSON.stringify({ ...b, generatedAt: '' });

function pairRows(input: ReportInput, from: string, to: string): CheckRow[] {
  const subject = pairKey(from, to);
  const base = manifestOf(input.state, from);
  const target = manifestOf(input.state, to);
  const rows = base === undefined || target === undefined ? [] : checkPair(base, target);
  return [...rows, ...updateRows(input, subject)];
}

/** Rows about the delta and the package: shown when made, and their bytes are unchanged since. */
function updateRows(input: ReportInput, subject: string): CheckRow[] {
  const held = input.state.updates.get(subject);
  if (held?.state !== 'whole') {
    const reason =
      input.failures.get(subject) ??
      (held?.state === 'absent' || held === undefined
        ? 'required, and not in the archive'
        : problemsOf(held).join('; '));
    return [{ check: 'delta', subject, result: 'fail', detail: reason }];
  }
  const { proof } = held.manifest;
  const row = (check: CheckName, kinds: ReadonlyArray<Proof['check']>): CheckRow => {
    const shown = proof.filter((one) => kinds.includes(one.check));
    const result = shown.length > 0 && shown.every((one) => one.result === 'pass') ? 'pass' : 'not-checked';
    return { check, subject, result, detail: shown.map((one) => one.detail).join('; ') || 'no proof on record' };
  };
  return [
    row('delta', ['delta-applies']),
    row('swu', ['swu-opens']),
    row('device', ['librsync-applies', 'swupdate-accepts']),
  ];
}

function sizeRow(state: ArchiveState, from: string, to: string, devices: number | undefined): SizeRow[] {
  const held = state.updates.get(pairKey(from, to));
  if (held?.state !== 'whole') return [];
  const { partitions, swu } = held.manifest;
  const sum = (size: (one: DeltaInfo['partitions'][number]) => number | undefined): number =>
    partitions.reduce((total, one) => total + (size(one) ?? 0), 0);
  return [
    {
      from,
      to,
      fullBytes: sum((one) => one.target.sizeBytes),
      deltaBytes: sum((one) => one.delta?.sizeBytes),
      compressedBytes: sum((one) => one.deltaCompressed?.sizeBytes),
      sendBytes: swu.sizeBytes,
      ...(devices === undefined ? {} : { devices }),
    },
  ];
}

function manifestOf(state: ArchiveState, version: string): VersionManifest | undefined {
  const held = state.versions.get(version);
  return held?.state === 'whole' ? held.manifest : undefined;
}
