import { reportFile } from '../archive/layout.ts';
import { PairMap } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { ConsistencyReport, ReportScope } from '../core/report.ts';
import { withReport, type Step } from '../core/step.ts';
import type { Failures } from '../delivery/delivery.ts';
import { deliveryOf } from '../delivery/index.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { consistencyReport, sameReport } from '../report/consistency.ts';
import type { PageFacts } from '../report/page/facts.ts';
import { reportFormats } from '../report/registry.ts';
import { timestamp } from '../text/timestamp.ts';

/** What failed in a run that failed nowhere. */
const NO_FAILURES: Failures = { versions: new Map(), fulls: new Map(), pairs: new PairMap() };

/** The report as it would be written now. @param scope what it is about: what the plan refers to, unless given */
export function reportOf(
  snapshot: Snapshot,
  failures: Failures = NO_FAILURES,
  scope: ReportScope = scopeOf(snapshot),
): ConsistencyReport {
  const { plan } = snapshot.inputs;
  return consistencyReport(plan, scope, deliveryOf(plan).rows(snapshot, scope, failures), timestamp());
}

/** What the plan refers to. */
export const scopeOf = (snapshot: Snapshot): ReportScope => deliveryOf(snapshot.inputs.plan).scope(snapshot);

/** What has to be done to make the plan true, and the report behind it where it would read otherwise. */
export function stepsOf(snapshot: Snapshot): Step[] {
  const steps = deliveryOf(snapshot.inputs.plan).steps(snapshot);
  const { written } = snapshot;
  // Without the fleet nobody can say whether its rows still hold.
  const isCurrent =
    written !== undefined && (snapshot.inputs.isFleetUnasked || sameReport(written, reportOf(snapshot)));
  return withReport(steps, isCurrent);
}

/**
 * Writes the report in every format, unless the one on disk says the same.
 *
 * @param written the report on disk
 * @param facts what its page shows besides
 * @returns the files, JSON first, whether written or already there
 */
export async function writeReport(
  plan: Plan,
  written: ConsistencyReport | undefined,
  report: ConsistencyReport,
  facts: () => Promise<PageFacts>,
): Promise<string[]> {
  const files = reportFormats.map((format) => reportFile(plan, format.extension));
  if (written !== undefined && sameReport(written, report)) return files;
  const known = await facts();
  // JSON last: it is the one that says whether the report is current.
  for (const format of reportFormats.toReversed())
    await writeFileAtomic(reportFile(plan, format.extension), format.render(report, known));
  return files;
}
