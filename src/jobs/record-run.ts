import { addRun, RUNS_KEPT } from '../archive/run-records.ts';
import { reportFile } from '../archive/layout.ts';
import { readReport } from '../archive/report-file.ts';
import type { ExitCode } from '../core/codes/index.ts';
import type { TaskOutcome } from '../core/events.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { RunRecord } from '../core/run-record.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { ifPresent } from '../io/present.ts';
import { readRegularText } from '../io/regular.ts';
import { sameReport } from '../report/consistency.ts';
import { html } from '../report/formats/html.ts';
import { medianOf } from '../report/page/words.ts';
import type { PublishJobResult } from './publish.ts';
import { pageFacts, pageFolder } from './report-page.ts';

/** Failed checks that a record names. */
const MOST_FAILED = 20;

/** When a run began, and of which kind it is. */
export interface RunStart {
  kind: RunRecord['kind'];
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Of `performance.now()`. */
  startMs: number;
}

/** What is known of a run at its end. */
export interface EndedRun {
  snapshot: Snapshot;
  report: ConsistencyReport;
  results: ReadonlyArray<{ outcome: TaskOutcome }>;
  published?: PublishJobResult;
}

/**
 * Ends a run: leaves its record, and the page with it and with what was published. An apply that had nothing to do
 * leaves no record, so that it changes nothing; a night always does.
 *
 * @param exitCode what the run ends with
 */
export async function recordRun(ended: EndedRun, start: RunStart, exitCode: ExitCode): Promise<void> {
  const { plan } = ended.snapshot.inputs;
  if (start.kind === 'nightly' || hasDone(ended))
    await addRun(plan, runRecord(ended, start, exitCode, performance.now()), plan.retention?.keepRuns ?? RUNS_KEPT);
  const path = reportFile(plan, html.extension);
  const written = await readReport(plan);
  // A report that still reads the same keeps the time since when it does.
  const report = written !== undefined && sameReport(written, ended.report) ? written : ended.report;
  const page = html.render(report, await pageFacts(ended.snapshot, report, pageFolder(plan)));
  if (page !== (await ifPresent(readRegularText(path)))) await writeFileAtomic(path, page);
}

const hasDone = ({ results, published }: EndedRun): boolean =>
  results.length > 0 ||
  sentBytesOf(published) > 0 ||
  (published?.destinations ?? []).some(({ error }) => error !== undefined);

const sentBytesOf = (published: EndedRun['published']): number =>
  (published?.destinations ?? []).reduce(
    (sum, { packages, repository }) => sum + (packages?.sentBytes ?? 0) + (repository?.sentBytes ?? 0),
    0,
  );

/** The record of a run. Pure. */
export function runRecord(
  { report, results, published }: Omit<EndedRun, 'snapshot'>,
  { kind, startedAt, startMs }: RunStart,
  exitCode: ExitCode,
  nowMs: number,
): RunRecord {
  const checks = (result: ConsistencyReport['checks'][number]['result']) =>
    report.checks.filter((row) => row.result === result);
  const steps = (state: string): number => results.filter(({ outcome }) => outcome.state === state).length;
  const sizes = report.sizes.map(({ sendBytes }) => sendBytes);
  return {
    schema: 1,
    kind,
    startedAt,
    durationMs: Math.round(nowMs - startMs),
    exitCode,
    consistent: report.consistent,
    checks: {
      pass: checks('pass').length,
      fail: checks('fail').length,
      notChecked: checks('not-checked').length,
    },
    failed: checks('fail')
      .slice(0, MOST_FAILED)
      .map(({ check, subject, detail }) => ({ check, subject, detail })),
    steps: { done: steps('done'), failed: steps('failed'), skipped: steps('skipped') },
    ...(sizes.length === 0
      ? {}
      : { sizes: { updates: sizes.length, medianBytes: medianOf(sizes), largestBytes: Math.max(...sizes) } }),
    ...(report.transfer === undefined ? {} : { transferBytes: report.transfer.sendBytes }),
    ...(published === undefined ? {} : { sentBytes: sentBytesOf(published) }),
  };
}
