import { reportFile } from '../archive/layout.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { readDocument } from '../io/documents/read.ts';
import { ifThere } from '../io/present.ts';
import { timestamp } from '../text/timestamp.ts';
import {
  consistencyReport,
  rowsReport,
  sameReport,
  type ConsistencyReport,
  type ReportInput,
} from '../report/consistency.ts';
import { reportFormats } from '../report/registry.ts';
import type { Situation } from './session.ts';
import { ostreeRows } from '../delivery/fleet/rows.ts';

/** The report of a situation as it would be written now: over what the plan refers to. */
export const reportOf = (situation: Situation, failures: ReadonlyMap<string, string> = new Map()): ConsistencyReport =>
  reportOver(
    situation,
    { versions: situation.plan.versions.map((one) => one.version), pairs: situation.pairs },
    failures,
  );

/** The report over a choice of versions and pairs. */
export function reportOver(
  situation: Situation,
  scope: Pick<ReportInput, 'versions' | 'pairs'>,
  failures: ReadonlyMap<string, string> = new Map(),
): ConsistencyReport {
  const { plan, versions, updates, ostree, devices = [] } = situation;
  if (ostree !== undefined) return rowsReport(plan, ostreeRows(ostree, failures), timestamp());
  return consistencyReport(
    {
      product: plan.product,
      machine: plan.machine,
      image: plan.image,
      ...scope,
      state: { versions, updates },
      failures,
      devices,
    },
    timestamp(),
  );
}

/** The report on disk, or undefined when there is none that can be read. */
export async function readReport(plan: Situation['plan']): Promise<ConsistencyReport | undefined> {
  const opened = await ifThere(readDocument<ConsistencyReport>('report', reportFile(plan, 'json')));
  return opened !== undefined && 'value' in opened ? opened.value : undefined;
}

/**
 * Writes the report in every format, unless the one on disk says the same.
 *
 * @returns the files, JSON first, whether written or already there
 */
export async function writeReport(situation: Situation, report: ConsistencyReport): Promise<string[]> {
  const files = reportFormats.map((format) => reportFile(situation.plan, format.extension));
  if (situation.written !== undefined && sameReport(situation.written, report)) return files;
  // JSON last: it is the one that says whether the report is current.
  for (const format of reportFormats.toReversed())
    await writeFileAtomic(reportFile(situation.plan, format.extension), format.render(report));
  return files;
}
