import { dirname } from 'node:path';
import { takeInventory } from '../archive/inventory.ts';
import { lockFile, productDir, reportFile, updatesDir, versionDir } from '../archive/layout.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { asUserError, type ReleasePlanError } from '../core/errors.ts';
import type { Task, TaskOutcome } from '../core/events.ts';
import { cleanStaging } from '../io/atomic.ts';
import { withLock } from '../io/lock.ts';
import { cleanScratch } from '../io/scratch.ts';
import type { Plan, Step } from '../core/plan.ts';
import type { ConsistencyReport } from '../report/consistency.ts';
import { checkSigning } from '../swu/sign.ts';
import { assess } from '../delivery/swupdate/survey.ts';
import { cleanWorkshop, runArchive, runBuild, withWorkshop, type Workshop } from '../delivery/swupdate/build.ts';
import { runDelta } from '../delivery/swupdate/delta.ts';
import { requireReadable, unreadableOf } from '../archive/readable.ts';
import { reportOf, writeReport } from './report.ts';
import { registerVersions } from '../delivery/swupdate/register.ts';
import { referredVersions, subjectOf, titleOf, type Phase, type Situation, type StepHost } from './session.ts';

export interface ApplyOptions {
  /** Phases to run; all when undefined. */
  only?: readonly Phase[] | undefined;
  /** Go on after a failed step with whatever does not depend on it. */
  keepGoing: boolean;
  /** How long to wait for another run that holds a lock; 0 leaves at once. */
  waitMs: number;
}

/** What became of one step. */
export interface StepResult {
  step: Step;
  title: string;
  outcome: TaskOutcome;
  /** The failure itself, when there is one. */
  error?: ReleasePlanError;
}

export interface ApplyResult {
  results: StepResult[];
  report: ConsistencyReport;
  /** The report's files, JSON first; empty when --only left the report out. */
  reportFiles: string[];
  exitCode: ExitCode;
}

/**
 * Makes a plan true: assesses, then runs the steps that are not true yet,
 * under the lock of the product's archive. Run again, it goes on where it stopped.
 *
 * @throws ReleasePlanError `locked`, `interrupted`, `archive-unreadable` unless it keeps going;
 *   failures of single steps are in the result
 */
export async function apply(plan: Plan, host: StepHost, options: ApplyOptions): Promise<ApplyResult> {
  return await withArchive(
    plan,
    host,
    options,
    `apply ${plan.file}`,
    async () => await makeTrue(await assess(plan, host.env, { signal: host.signal }), host, options),
  );
}

/**
 * Runs `body` under the lock of the product's archive, cleared of what an interrupted run left.
 *
 * @param what who holds the lock, in words
 * @throws ReleasePlanError `locked`, `interrupted`
 */
export async function withArchive<T>(
  plan: Plan,
  host: StepHost,
  { waitMs }: Pick<ApplyOptions, 'waitMs'>,
  what: string,
  body: () => Promise<T>,
): Promise<T> {
  return await withLock(lockFile(plan), what, { waitMs, signal: host.signal }, async () => {
    await cleanLeftovers(plan);
    return await body();
  });
}

/** Runs the steps of a situation; the caller holds the archive ({@link withArchive}). */
export async function makeTrue(situation: Situation, host: StepHost, options: ApplyOptions): Promise<ApplyResult> {
  if (!options.keepGoing) requireReadable(situation);
  await checkBeforehand(situation, host, options);
  const needsKas = situation.steps.some((step) => runsKas(step) && isWanted(step, options));
  if (needsKas)
    return await withWorkshop(situation.plan, host, options.waitMs, (workshop) =>
      runSteps(situation, host, options, workshop),
    );
  await cleanWorkshop(situation.plan, host);
  return await runSteps(situation, host, options);
}

/** What an interrupted run left half done. Nothing of it has a final name. */
async function cleanLeftovers(plan: Plan): Promise<void> {
  await cleanScratch();
  const { versions } = await takeInventory(plan);
  const folders = [
    productDir(plan),
    dirname(reportFile(plan, 'json')),
    ...versions.flatMap((one) => [versionDir(plan, one), updatesDir(plan, one)]),
  ];
  for (const folder of folders) await cleanStaging(folder);
}

/** What would make a delta fail at its very end is found before hours of building: keys and certificates. */
async function checkBeforehand({ plan, steps }: Situation, host: StepHost, options: ApplyOptions): Promise<void> {
  const signs = steps.some((step) => step.kind === 'delta' && isWanted(step, options));
  if (!signs || plan.signing === undefined) return;
  const warnings = await checkSigning(plan.signing, { env: host.env, planDir: plan.dir, signal: host.signal });
  for (const { message } of warnings) host.report({ type: 'warning', message });
}

/** Whether a step builds, or reads what a build left. */
const runsKas = (step: Step): boolean =>
  step.kind === 'build' || step.kind === 'archive' || (step.kind === 'delta' && step.engine === 'kas');

const isWanted = (step: Step, { only }: ApplyOptions): boolean => only === undefined || only.includes(step.kind);

async function runSteps(
  situation: Situation,
  host: StepHost,
  options: ApplyOptions,
  workshop?: Workshop,
): Promise<ApplyResult> {
  const results: StepResult[] = [];
  const reportFiles: string[] = [];
  const tasks = situation.steps.map((step): Task => ({
    title: titleOf(step),
    async run(progress) {
      host.signal.throwIfAborted();
      const reason = reasonToSkip(step, results, options);
      const result =
        reason === undefined
          ? await attempt(step, host, async () => {
              if (step.kind !== 'report') return await runStep(step, situation, host, workshop, progress);
              reportFiles.push(...(await writeReport(situation, reportOf(situation, failuresOf(results)))));
              return reportFiles.join(', ');
            })
          : { step, title: titleOf(step), outcome: { state: 'skipped', message: reason } satisfies TaskOutcome };
      results.push(result);
      return result.outcome;
    },
  }));
  await host.drive(tasks);
  if (situation.ostree === undefined) await registerVersions(situation.plan, referredVersions(situation), host);
  const report = reportOf(situation, failuresOf(results));
  return { results, report, reportFiles, exitCode: exitCodeOf(situation, results, report) };
}

type WorkStep = Exclude<Step, { kind: 'report' }>;

async function runStep(
  step: WorkStep,
  situation: Situation,
  host: StepHost,
  workshop: Workshop | undefined,
  progress: (message: string) => void,
): Promise<string> {
  if (step.kind === 'delta') return await runDelta(step, situation, host, workshop, progress);
  if (workshop === undefined) throw new Error('a plan with kas steps runs in a workshop');
  return step.kind === 'build'
    ? await runBuild(step.version, workshop, progress)
    : await runArchive(step.version, workshop, situation, progress);
}

/** Turns a failure that a user can meet into an outcome; bugs and interruptions go on upwards. */
async function attempt(step: Step, host: StepHost, body: () => Promise<string>): Promise<StepResult> {
  const title = titleOf(step);
  try {
    return { step, title, outcome: { state: 'done', message: await body() } };
  } catch (error) {
    const known = asUserError(error);
    if (host.signal.aborted || known === undefined) throw error;
    const message = known.hint === undefined ? known.message : `${known.message}\n${known.hint}`;
    return { step, title, outcome: { state: 'failed', message }, error: known };
  }
}

/** Why a step is not even tried, or undefined. The report is always written: it says what holds. */
function reasonToSkip(step: Step, results: readonly StepResult[], options: ApplyOptions): string | undefined {
  if (!isWanted(step, options)) return `excluded by --only ${options.only?.join(',') ?? ''}`;
  if (step.kind === 'report') return undefined;
  const failed = results.filter((one) => one.outcome.state === 'failed');
  if (failed.length === 0) return undefined;
  if (!options.keepGoing) return 'an earlier step failed';
  const needed = step.kind === 'delta' ? [step.from, step.to] : [step.version];
  const cause = failed.find((one) => needed.includes(subjectOf(one.step) ?? ''));
  return cause === undefined ? undefined : `${cause.title} failed`;
}

function failuresOf(results: readonly StepResult[]): Map<string, string> {
  const failures = new Map<string, string>();
  for (const { step, error } of results) {
    const subject = subjectOf(step);
    if (error !== undefined && subject !== undefined) failures.set(subject, error.message);
  }
  return failures;
}

/**
 * What cannot be read comes first, since it was met first; then the first failure decides; a run without one still has
 * to be consistent, unless it was told to do only a part.
 */
function exitCodeOf(situation: Situation, results: readonly StepResult[], report: ConsistencyReport): ExitCode {
  if (unreadableOf(situation).length > 0) return EXIT.environment;
  const failed = results.find((one) => one.error !== undefined);
  if (failed?.error !== undefined) return failed.error.exitCode;
  const partial = results.some((one) => one.outcome.state === 'skipped');
  return report.consistent || partial ? EXIT.ok : EXIT.inconsistent;
}
