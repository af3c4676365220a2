import type {
  CheckRow,
  ConsistencyReport,
  FleetRow,
  FullRow,
  ReportScope,
  SizeRow,
  TransferRow,
} from '../core/report.ts';
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
  rows: Pick<ConsistencyReport, 'checks' | 'sizes' | 'fulls' | 'fleet' | 'warnings' | 'changes'>,
  generatedAt: string,
): ConsistencyReport {
  const { fulls = [] } = rows;
  const transfer = transferOf(rows.sizes, fulls);
  const checks = [...rows.checks, ...(transfer === undefined ? [] : [transferCheck(transfer)])];
  const fleet = (rows.fleet ?? []).map((one) => withBytes(one, rows.sizes, fulls));
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
    ...(fleet.length === 0 ? {} : { fleet }),
    ...(transfer === undefined ? {} : { transfer }),
  };
}

/** What the devices fetch that an update serves, with deltas and without; nothing where the fleet is not known. */
function transferOf(sizes: readonly SizeRow[], fulls: readonly FullRow[]): TransferRow | undefined {
  const whole = fulls.map(({ sendBytes, devices }) => ({ sendBytes, fullBytes: sendBytes, devices }));
  const served = [...sizes, ...whole].filter((one) => one.devices !== undefined);
  if (served.length === 0) return undefined;
  const over = (count: (one: Pick<SizeRow, 'sendBytes' | 'fullBytes'>) => number): number =>
    served.reduce((total, one) => total + (one.devices ?? 0) * count(one), 0);
  return { devices: over(() => 1), sendBytes: over((one) => one.sendBytes), fullBytes: over((one) => one.fullBytes) };
}

const transferCheck = ({ sendBytes, fullBytes }: TransferRow): CheckRow => ({
  check: 'devices',
  subject: 'fleet',
  result: 'pass',
  detail: `${formatBytes(sendBytes)} to send with deltas, ${formatBytes(fullBytes)} without`,
});

/** The fleet with what each device downloads. */
function withBytes(row: FleetRow, sizes: readonly SizeRow[], fulls: readonly FullRow[]): FleetRow {
  const full = fulls.find(({ version }) => version === row.to)?.sendBytes;
  return {
    ...row,
    groups: row.groups.map((group) => {
      const size = sizes.find(({ from, to }) => from === group.from && to === row.to);
      if (size !== undefined) return { ...group, sendBytes: size.sendBytes, fullBytes: size.fullBytes };
      return group.way === 'full' && full !== undefined ? { ...group, sendBytes: full, fullBytes: full } : group;
    }),
  };
}

/** Whether two reports say the same, whenever they were written. */
export const sameReport = (a: ConsistencyReport, b: ConsistencyReport): boolean =>
  JSON.stringify({ ...a, generatedAt: '' }) === JSON.stringify({ ...b, generatedAt: '' });
