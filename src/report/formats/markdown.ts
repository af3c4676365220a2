import { formatBytes } from '../../text/bytes.ts';
import { markdownTable as table, markdownText, type Made } from '../../text/markdown.ts';
import { pairText } from '../../core/pair.ts';
import type { BuildWarning, ChangeRow, CheckRow, ConsistencyReport, FullRow, SizeRow } from '../../core/report.ts';
import type { ReportFormat } from '../format.ts';
import { fullCells, sizeCells } from '../size-cells.ts';

/** The report for a person: failures first, then every row. */
export const markdown: ReportFormat = { name: 'markdown', extension: 'md', render };

const SIGN: Record<CheckRow['result'], Made> = {
  'pass': { markdown: 'pass' },
  'fail': { markdown: '**FAIL**' },
  'not-checked': { markdown: 'not checked' },
};

function render(report: ConsistencyReport): string {
  const count = (result: CheckRow['result']): number => report.checks.filter((row) => row.result === result).length;
  const failed = report.checks.filter((row) => row.result === 'fail');
  return [
    `# Consistency report: ${markdownText(report.product)}\n`,
    `Machine ${markdownText(report.machine)}, image ${markdownText(report.image)}, ` +
      `${markdownText(report.generatedAt)}\n`,
    `**${report.consistent ? 'Consistent' : 'INCONSISTENT'}**: ${count('pass')} checks pass, ${failed.length} fail, ` +
      `${count('not-checked')} not checked.\n`,
    ...(failed.length === 0 ? [] : ['## Failed\n', checkTable(failed)]),
    '## Sizes\n',
    report.sizes.length + (report.fulls ?? []).length === 0
      ? 'No updates in the archive.\n'
      : sizeTable(report.sizes, report.fulls ?? []),
    ...(report.changes === undefined ? [] : ['## Changes\n', changeTable(report.changes)]),
    '## Checks\n',
    checkTable(report.checks),
    ...(report.warnings === undefined ? [] : ['## Build warnings\n', warningTable(report.warnings)]),
  ].join('\n');
}

const checkTable = (rows: readonly CheckRow[]): string =>
  table(
    ['Check', 'Subject', 'Result', 'Detail'],
    rows.map((row) => [row.check, row.subject, SIGN[row.result], row.detail]),
  );

function changeTable(rows: readonly ChangeRow[]): string {
  const packagesOf = ({ packages }: ChangeRow): string =>
    packages === null
      ? 'not known'
      : `${packages.upgraded} changed, ${packages.added} added, ${packages.removed} removed`;
  return table(
    ['Update', 'Layers with other commits', 'Packages'],
    rows.map((one) => [pairText(one), one.layers.map(({ layer }) => layer).join(', ') || 'none', packagesOf(one)]),
  );
}

const warningTable = (warnings: readonly BuildWarning[]): string =>
  table(
    ['Version', 'Warning'],
    warnings.map(({ version, message }) => [version, message]),
  );

function sizeTable(sizes: readonly SizeRow[], fulls: readonly FullRow[]): string {
  const known = [...sizes, ...fulls].some((one) => one.devices !== undefined);
  const rows = sizes.map((one) => [
    ...sizeCells(one),
    ...(known
      ? [
          one.devices === undefined ? '-' : String(one.devices),
          one.devices === undefined ? '-' : formatBytes(Math.max(0, one.fullBytes - one.sendBytes) * one.devices),
        ]
      : []),
  ]);
  const fullRows = fulls.map((one) => [
    ...fullCells(one),
    ...(known ? [one.devices === undefined ? '-' : String(one.devices), '-'] : []),
  ]);
  return table(
    [
      'Update',
      'Full package',
      'Delta',
      'Compressed',
      'To download',
      'Saved per device',
      ...(known ? ['Devices', 'Saved in total'] : []),
    ],
    [...rows, ...fullRows],
  );
}
