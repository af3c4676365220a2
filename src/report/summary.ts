import { formatColumns } from '../text/rows.ts';
import type { ConsistencyReport } from '../core/report.ts';
import { printable } from '../text/printable.ts';
import { fullCells, sizeCells } from './size-cells.ts';

/** The short table at the end of apply: sizes, failures, the verdict. */
export function summaryTable(report: ConsistencyReport): string {
  const head = ['update', 'full', 'delta', 'compressed', 'to download', 'saved'];
  const rows = [...report.sizes.map(sizeCells), ...(report.fulls ?? []).map(fullCells)];
  const failed = report.checks.filter((row) => row.result === 'fail');
  const passed = report.checks.filter((row) => row.result === 'pass').length;
  return [
    ...(rows.length === 0 ? [] : [formatColumns([head, ...rows])]),
    ...failed.map((row) => `FAIL ${printable(`${row.check} ${row.subject}: ${row.detail}`)}\n`),
    `${report.consistent ? 'consistent' : 'INCONSISTENT'}: ${passed} checks pass, ${failed.length} fail, ` +
      `${report.checks.length - passed - failed.length} not checked\n`,
  ].join('');
}
