/** The plan's notification command: who is told how a run ended. */
import { reportFile as archivedReport } from '../archive/layout.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { asUserError, messageOf } from '../core/errors.ts';
import { runShell } from '../io/shell.ts';
import type { NotifySettings, Plan } from '../core/plan.ts';
import { summaryTable } from '../report/summary.ts';
import { printableLines } from '../text/printable.ts';
import { commandEnvironment } from '../plan/secrets.ts';
import type { ApplyResult } from './apply.ts';
import type { Host } from '../delivery/host.ts';

/** Long enough for a mail server; a build host must not wait for a chat that is down. */
const TIMEOUT_MS = 60_000;

/** What the command is told. */
export interface Notice {
  outcome: 'unchanged' | 'changed' | 'failed';
  exitCode: ExitCode;
  /** For its standard input. */
  text: string;
  /** The report as JSON, absolute, where there is one. */
  reportFile?: string;
}

/**
 * Does a run and tells the plan's notification command how it ended, also
 * when it throws. An interrupted run is not told: whoever stopped it knows.
 *
 * @param changes what else the run changed, a line each; see `apply --nightly`
 */
export async function notified<T extends ApplyResult>(
  plan: Plan,
  host: Host,
  body: () => Promise<T>,
  changes: (result: T) => readonly string[] = () => [],
): Promise<T> {
  let result: T;
  try {
    result = await body();
  } catch (error) {
    if (!host.signal.aborted) await notify(plan, noticeOfFailure(plan, error), host);
    throw error;
  }
  await notify(plan, noticeOf(plan, result, changes(result)), host);
  return result;
}

/** What is told of a run that came to its end. Pure. */
export function noticeOf(plan: Plan, result: ApplyResult, changes: readonly string[] = []): Notice {
  const { results, report, reportFiles, exitCode } = result;
  // Where nothing was to be done, the report that stands is current.
  const reportFile = reportFiles[0] ?? (results.length === 0 ? archivedReport(plan, 'json') : undefined);
  const hasDone = changes.length > 0 || results.some((one) => one.outcome.state === 'done');
  const outcome = exitCode !== EXIT.ok ? 'failed' : hasDone ? 'changed' : 'unchanged';
  const steps = results.map(({ title, outcome: { state, message } }) =>
    state === 'done' ? `done    ${title}` : `${state === 'failed' ? 'FAILED ' : 'skipped'} ${title}: ${message}`,
  );
  const lines = [
    headline(plan, outcome, exitCode),
    '',
    ...steps,
    ...changes,
    ...(steps.length + changes.length === 0 ? ['Nothing to do: everything in the plan exists and is verified.'] : []),
    '',
  ];
  return {
    outcome,
    exitCode,
    text: `${lines.join('\n')}\n${summaryTable(report)}${reportFile === undefined ? '' : `\n${reportFile}\n`}`,
    ...(reportFile === undefined ? {} : { reportFile }),
  };
}

/** What is told of a run that was broken off. Pure. */
export function noticeOfFailure(plan: Pick<Plan, 'product'>, error: unknown): Notice {
  const known = asUserError(error);
  const exitCode = known?.exitCode ?? EXIT.bug;
  const message = known === undefined ? `unexpected: ${messageOf(error)}` : `error[${known.code}]: ${known.inWords}`;
  return { outcome: 'failed', exitCode, text: `${headline(plan, 'failed', exitCode)}\n\n${message}\n` };
}

const headline = ({ product }: Pick<Plan, 'product'>, outcome: Notice['outcome'], exitCode: ExitCode): string =>
  `${product}: ${outcome} (exit code ${exitCode})`;

/** Whether the plan wants somebody to be told. Pure. */
export const isWanted = (on: NotifySettings['on'], outcome: Notice['outcome']): boolean =>
  on === 'always' || outcome === 'failed' || (on === 'change' && outcome === 'changed');

/** Runs the command. What becomes of it is worth a warning and no more: the run has ended as it has. */
export async function notify(plan: Plan, notice: Notice, host: Host): Promise<void> {
  const { notify: settings } = plan;
  if (settings === undefined || !isWanted(settings.on, notice.outcome)) return;
  const { isOk, how, words } = await runShell(settings.command, {
    cwd: plan.dir,
    env: {
      // What signs is nothing to a chat or a mail.
      ...commandEnvironment(plan, host.env),
      RELEASE_PLAN_PRODUCT: plan.product,
      RELEASE_PLAN_PLAN: plan.file,
      RELEASE_PLAN_OUTCOME: notice.outcome,
      RELEASE_PLAN_EXIT_CODE: String(notice.exitCode),
      RELEASE_PLAN_REPORT: notice.reportFile ?? '',
    },
    input: printableLines(notice.text),
    timeoutMs: TIMEOUT_MS,
    signal: host.signal,
  });
  if (!isOk)
    host.report({
      type: 'warning',
      message: `the notify command failed (${how})${words === '' ? '' : `: ${words}`}`,
    });
}
