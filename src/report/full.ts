/** Rows about packages: the full one of a version, and whether a delta is worth it beside it. */
import { problemsOf, type ArchiveEntry, type DeltaInfo, type FullInfo, type Proof } from '../core/archive.ts';
import type { CheckName, CheckRow } from '../core/report.ts';
import { formatShare } from '../text/bytes.ts';

/**
 * What is wrong with the full package of a version; undefined when it is whole.
 *
 * @param failure why it could not be made in this run: one that is there is not as the plan says it now
 */
export function fullProblem(
  version: string,
  entry: ArchiveEntry<FullInfo> | undefined,
  failure?: string,
): string | undefined {
  if (failure !== undefined) return failure;
  if (entry?.state === 'whole') return undefined;
  return entry === undefined || entry.state === 'absent'
    ? `there is no full package of ${version}`
    : problemsOf(entry).join('; ');
}

/** Rows about a full package: shown when it was made, and its bytes are unchanged since. */
export function fullRows(
  version: string,
  entry: ArchiveEntry<FullInfo> | undefined,
  failure: string | undefined,
): CheckRow[] {
  const problem = fullProblem(version, entry, failure);
  if (entry?.state !== 'whole' || problem !== undefined)
    return [{ check: 'full', subject: version, result: 'fail', detail: problem ?? '' }];
  const { swu, proof } = entry.manifest;
  return [
    { check: 'full', subject: version, result: 'pass', detail: `${swu.file}, ${swu.sizeBytes} bytes` },
    ...packageRows(version, proof),
  ];
}

/** What was shown of a package, by row; a proof that is not on record shows nothing. */
export function packageRows(
  subject: string,
  proof: readonly Proof[],
  more: readonly Proof['check'][] = [],
): CheckRow[] {
  const row = (check: CheckName, kinds: ReadonlyArray<Proof['check']>): CheckRow =>
    proofRow(check, subject, proof, kinds);
  return [
    row('swu', ['swu-opens']),
    row('package', ['swu-content']),
    row('device', [...more, 'swupdate-accepts']),
    row('install', ['swupdate-installs']),
  ];
}

export function proofRow(
  check: CheckName,
  subject: string,
  proof: readonly Proof[],
  kinds: ReadonlyArray<Proof['check']>,
): CheckRow {
  const shown = proof.filter((one) => kinds.includes(one.check));
  const result = shown.length > 0 && shown.every((one) => one.result === 'pass') ? 'pass' : 'not-checked';
  return { check, subject, result, detail: shown.map((one) => one.detail).join('; ') || 'no proof on record' };
}

/** How large a delta package is beside the full one; undefined where there is none to compare with. */
export const shareOf = (update: DeltaInfo, full: FullInfo | undefined): number | undefined =>
  full === undefined ? undefined : update.swu.sizeBytes / full.swu.sizeBytes;

/** Why a delta is not offered, in words; undefined when it is. */
export function notOffered(update: DeltaInfo, full: FullInfo | undefined, maxShare: number): string | undefined {
  const share = shareOf(update, full);
  if (full === undefined || share === undefined || share <= maxShare) return undefined;
  return (
    `the delta has ${formatShare(update.swu.sizeBytes, full.swu.sizeBytes)} of the full package's size, ` +
    `more than max_share (${formatShare(maxShare, 1)}): devices take the full package`
  );
}
