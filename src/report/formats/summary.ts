import { formatBytes, formatShare } from '../../io/bytes.ts';
import type { ConsistencyReport } from '../consistency.ts';

/** The short table at the end of apply: sizes, failures, the verdict. */
export function summaryTable(report: ConsistencyReport): string {
  const head = ['update', 'full', 'delta', 'compressed', 'to send', 'saved'];
  const rows = report.sizes.map((one) => [
    `${one.from} -> ${one.to}`,
    formatBytes(one.fullBytes),
    formatBytes(one.deltaBytes),
    formatBytes(one.compressedBytes),
    formatBytes(one.sendBytes),
    formatShare(one.fullBytes - one.sendBytes, one.fullBytes),
  ]);
  const failed = report.checks.filter((row) => row.result === 'fail');
  const passed = report.checks.filter((row) => row.result === 'pass').length;
  return [
    ...(rows.length === 0 ? [] : [columns([head, ...rows])]),
    ...failed.map((row) => `FAIL ${row.check} ${row.subject}: ${row.detail}\n`),
    `${report.consistent ? 'consistent' : 'INCONSISTENT'}: ${passed} checks pass, ${failed.length} fail, ${report.checks.length - passed - failed.length} not checked\n`,
  ].join('');
}

/** Text in columns: the first to the left, numbers to the right. */
function columns(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join('  ')}\n`).join('');
}
