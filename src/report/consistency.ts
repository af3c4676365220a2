import type { CheckRow, ConsistencyReport, FullRow, ReportScope, SizeRow } from '../core/report.ts';
import { formatBytes } from '../text/bytes.ts';

/** What a report is of. */
export interface ReportSubject {
  product: string;
  machine: string;
  image: string;
}

/**
 * The consistency report that these rows make: pairs that serve most devices
 * first, and what the fleet fetches in all. Pure; the caller sets the time.
 */
export function consistencyReport(
  { product, machine, image }: ReportSubject,
  scope: ReportScope,
  rows: Pick<ConsistencyReport, 'checks' | 'sizes' | 'fulls' | 'warnings' | 'changes'>,
  generatedAt: string,
): ConsistencyReport {
  const { fulls = [] } = rows;
  const checks = [...rows.checks, ...fleetRow(rows.sizes, fulls)];
  const sizes = rows.sizes.toSorted((a, b) => (b.devices ?? 0) - (a.devices ?? 0));
  return {
    schema: 1,
    product,
    machine,
    image,
    generatedAt,
    consistent: checks.every((row) => row.result !== 'fail'),
    scope: { versions: scope.versions, pairs: scope.pairs.map(({ from, to }) => ({ from, to })) },
    checks,
    sizes,
    ...(rows.warnings === undefined || rows.warnings.length === 0 ? {} : { warnings: rows.warnings }),
    ...(fulls.length === 0 ? {} : { fulls }),
    ...(rows.changes === undefined || rows.changes.length === 0 ? {} : { changes: rows.changes }),
  };
}

/** What the devices that a delta serves fetch, with deltas and without; nothing where the fleet is not known. */
function fleetRow(sizes: readonly SizeRow[], fulls: readonly FullRow[]): CheckRow[] {
  const whole = fulls.map(({ sendBytes, devices }) => ({ sendBytes, fullBytes: sendBytes, devices }));
  const served = [...sizes, ...whole].filter((one) => one.devices !== undefined);
  if (served.length === 0) return [];
  const over = (bytes: (one: Pick<SizeRow, 'sendBytes' | 'fullBytes'>) => number): string =>
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
