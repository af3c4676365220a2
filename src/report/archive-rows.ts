/** The report's rows over what is archived as files. Pure. */
import { manifestOf, problemsOf, type ArchiveState, type DeltaInfo, type Proof } from '../core/archive.ts';
import { pairText, type Pair, type ReadonlyPairMap } from '../core/pair.ts';
import type { CheckName, CheckRow, ConsistencyReport, SizeRow } from '../core/report.ts';
import { checkPair } from './pair.ts';
import { checkVersion } from './version.ts';

export interface ReportedPair extends Pair {
  /** Devices that it serves, where the fleet is known. */
  devices?: number;
}

export interface ArchiveRowsInput {
  versions: readonly string[];
  pairs: readonly ReportedPair[];
  archive: ArchiveState;
  /** Why a version or a pair could not be made in this run. */
  failures: { versions: ReadonlyMap<string, string>; pairs: Pick<ReadonlyPairMap<string>, 'get'> };
}

/** Rows about versions and pairs, and the sizes of the updates. */
export const archiveRows = (input: ArchiveRowsInput): Pick<ConsistencyReport, 'checks' | 'sizes'> => ({
  checks: [
    ...input.versions.flatMap((version) =>
      checkVersion(version, input.archive.versions.get(version), input.failures.versions.get(version)),
    ),
    ...input.pairs.flatMap(({ from, to }) => pairRows(input, from, to)),
  ],
  sizes: input.pairs.flatMap((pair) => sizeRow(input, pair)),
});

function pairRows(input: ArchiveRowsInput, from: string, to: string): CheckRow[] {
  const subject = pairText({ from, to });
  const base = manifestOf(input.archive.versions.get(from));
  const target = manifestOf(input.archive.versions.get(to));
  const rows = base === undefined || target === undefined ? [] : checkPair(base, target);
  return [...rows, ...updateRows(input, { from, to }, subject)];
}

/** Rows about the delta and the package: shown when made, and their bytes are unchanged since. */
function updateRows(input: ArchiveRowsInput, pair: Pair, subject: string): CheckRow[] {
  const entry = input.archive.updates.get(pair);
  if (entry?.state !== 'whole') {
    const reason =
      input.failures.pairs.get(pair) ??
      (entry?.state === 'absent' || entry === undefined
        ? 'required, and not in the archive'
        : problemsOf(entry).join('; '));
    return [{ check: 'delta', subject, result: 'fail', detail: reason }];
  }
  const { proof } = entry.manifest;
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

function sizeRow({ archive }: ArchiveRowsInput, { from, to, devices }: ReportedPair): SizeRow[] {
  const entry = archive.updates.get({ from, to });
  if (entry?.state !== 'whole') return [];
  const { partitions, swu } = entry.manifest;
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
