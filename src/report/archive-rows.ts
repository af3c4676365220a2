/** The report's rows over what is archived as files. Pure. */
import { WHOLE_IMAGE, manifestOf, problemsOf, type ArchiveState, type DeltaInfo } from '../core/archive.ts';
import { pairText, type Pair, type ReadonlyPairMap } from '../core/pair.ts';
import type { BuildWarning, CheckRow, ConsistencyReport, FullRow, PartitionRow, SizeRow } from '../core/report.ts';
import { fullRows, notOffered, packageRows, proofRow } from './full.ts';
import { checkPair } from './pair.ts';
import { checkVersion } from './version.ts';

export interface ReportedPair extends Pair {
  /** Devices that it serves when it is offered, where the fleet is known. */
  devices?: number;
  /** A delta above this share of the full package is not offered. */
  maxShare?: number;
}

export interface ArchiveRowsInput {
  versions: readonly string[];
  pairs: readonly ReportedPair[];
  archive: ArchiveState;
  /** Versions that a full package is made of. */
  fulls: readonly string[];
  /** Devices that take the full package of a version, where the fleet is known. */
  fullDevices?: ReadonlyMap<string, number>;
  /** Why a version, a full package or a pair could not be made in this run. */
  failures: {
    versions: ReadonlyMap<string, string>;
    fulls: ReadonlyMap<string, string>;
    pairs: Pick<ReadonlyPairMap<string>, 'get'>;
  };
}

/** Rows about versions and pairs, the sizes of the updates, and what the builds warned of. */
export const archiveRows = (
  input: ArchiveRowsInput,
): Pick<ConsistencyReport, 'checks' | 'sizes' | 'fulls'> & { warnings: BuildWarning[] } => ({
  checks: [
    ...input.versions.flatMap((version) =>
      checkVersion(version, input.archive.versions.get(version), input.failures.versions.get(version)),
    ),
    ...input.fulls.flatMap((version) =>
      fullRows(version, input.archive.fulls.get(version), input.failures.fulls.get(version)),
    ),
    ...input.pairs.flatMap(({ from, to }) => pairRows(input, from, to)),
  ],
  sizes: input.pairs.flatMap((pair) => sizeRow(input, pair)),
  warnings: input.versions.flatMap((version) =>
    (manifestOf(input.archive.versions.get(version))?.warnings ?? []).map((message) => ({ version, message })),
  ),
  fulls: fullSizes(input),
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
  const failure = input.failures.pairs.get(pair);
  // One that is there although making it failed is not as the plan says it now.
  if (entry?.state !== 'whole' || failure !== undefined) {
    const reason =
      failure ??
      (entry?.state === 'absent' || entry === undefined
        ? 'required, but not in the archive'
        : problemsOf(entry).join('; '));
    return [{ check: 'delta', subject, result: 'fail', detail: reason }];
  }
  const { proof } = entry.manifest;
  const share = shareRow(input, pair, subject);
  return [
    proofRow('delta', subject, proof, ['delta-applies']),
    ...packageRows(subject, proof, ['librsync-applies']),
    ...(share === undefined ? [] : [share]),
  ];
}

/** A delta that is hardly smaller than the full package is made, and not offered. */
function shareRow({ archive, pairs }: ArchiveRowsInput, { from, to }: Pair, subject: string): CheckRow | undefined {
  const update = manifestOf(archive.updates.get({ from, to }));
  const pair = pairs.find((one) => one.from === from && one.to === to);
  const why =
    update === undefined ? undefined : notOffered(update, manifestOf(archive.fulls.get(to)), pair?.maxShare ?? 1);
  return why === undefined ? undefined : { check: 'share', subject, result: 'pass', detail: why };
}

/** What devices download that take the full package. */
const fullSizes = ({ fulls, archive, fullDevices }: ArchiveRowsInput): FullRow[] =>
  fulls.flatMap((version) => {
    const info = manifestOf(archive.fulls.get(version));
    if (info === undefined) return [];
    const devices = fullDevices?.get(version);
    return [{ version, sendBytes: info.swu.sizeBytes, ...(devices === undefined ? {} : { devices }) }];
  });

function sizeRow({ archive }: ArchiveRowsInput, { from, to, devices, maxShare = 1 }: ReportedPair): SizeRow[] {
  const entry = archive.updates.get({ from, to });
  if (entry?.state !== 'whole') return [];
  const { partitions, swu } = entry.manifest;
  const full = manifestOf(archive.fulls.get(to));
  const isOffered = notOffered(entry.manifest, full, maxShare) === undefined;
  const sum = (size: (one: DeltaInfo['partitions'][number]) => number | undefined): number =>
    partitions.reduce((total, one) => total + (size(one) ?? 0), 0);
  return [
    {
      from,
      to,
      fullBytes: full?.swu.sizeBytes ?? sum((one) => one.target.sizeBytes),
      deltaBytes: sum((one) => one.delta?.sizeBytes),
      compressedBytes: sum((one) => one.deltaCompressed?.sizeBytes),
      sendBytes: isOffered ? swu.sizeBytes : (full?.swu.sizeBytes ?? swu.sizeBytes),
      ...(isOffered ? {} : { isNotOffered: true as const }),
      // Devices that are offered no delta count for the full package.
      ...(devices === undefined || !isOffered ? {} : { devices }),
      partitions: partitions.map(partitionRow),
    },
  ];
}

function partitionRow({ name, algorithm, travels, target, delta, deltaCompressed }: DeltaInfo['partitions'][number]) {
  const way = travels ?? (algorithm === WHOLE_IMAGE ? 'image' : 'delta');
  const deltaBytes = way === 'delta' ? (deltaCompressed ?? delta)?.sizeBytes : undefined;
  return {
    name,
    travels: way,
    imageBytes: target.sizeBytes,
    ...(deltaBytes === undefined ? {} : { deltaBytes }),
  } satisfies PartitionRow;
}
