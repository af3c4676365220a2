import type { ArchiveEntry, Proof, VersionManifest } from '../core/archive.ts';
import type { CheckName, CheckRow } from '../core/report.ts';

/** Rows about one version: whole in the archive, BUILD_VERSION in its image, images within their slots. */
export function checkVersion(
  version: string,
  entry: ArchiveEntry<VersionManifest> | undefined,
  failure: string | undefined,
): CheckRow[] {
  const row = (check: CheckName, result: CheckRow['result'], detail: string): CheckRow => ({
    check,
    subject: version,
    result,
    detail,
  });
  if (entry === undefined || entry.state === 'absent') return [row('archive', 'fail', failure ?? 'not in the archive')];
  if (entry.state !== 'whole') return [row('archive', 'fail', entry.problems.join('; '))];
  const { files, proof } = entry.manifest;
  return [
    row('archive', 'pass', `${files.length} files are what the manifest says`),
    versionRow(row, proof),
    ...checkSlots(entry.manifest),
  ];
}

type MakeRow = (check: CheckName, result: CheckRow['result'], detail: string) => CheckRow;

function versionRow(row: MakeRow, proof: readonly Proof[]): CheckRow {
  const shown = proof.filter((one) => one.check === 'build-version');
  if (shown.length === 0) return row('build-version', 'not-checked', 'no partition names a version_file');
  // One partition that carries the version shows what was built; the others need none.
  return row(
    'build-version',
    shown.some((one) => one.result === 'pass') ? 'pass' : 'not-checked',
    shown.map((one) => one.detail).join('; '),
  );
}

/** Whether each image of a version fits the slot that it is written to. */
export const checkSlots = ({ version, partitions, files }: VersionManifest): CheckRow[] =>
  partitions.map(({ name, slotSizeBytes, file }) => {
    const row = (result: CheckRow['result'], detail: string): CheckRow => ({
      check: 'slot-size',
      subject: version,
      result,
      detail: `${name}: ${detail}`,
    });
    const sizeBytes = files.find((one) => one.path === file)?.sizeBytes ?? 0;
    if (slotSizeBytes === undefined) return row('not-checked', 'the plan gives no slot_size');
    return sizeBytes <= slotSizeBytes
      ? row('pass', `${sizeBytes} of ${slotSizeBytes} bytes`)
      : row('fail', `the image has ${sizeBytes} bytes, its slot ${slotSizeBytes}`);
  });
