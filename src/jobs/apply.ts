import { requireArchive } from '../archive/identity.ts';
import { withArchive } from '../archive/exclusive.ts';
import { requireReadable, unreadableOf } from '../archive/readable.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { asUserError, type ReleasePlanError } from '../core/errors.ts';
import type { Task, TaskOutcome } from '../core/events.ts';
import { PairMap } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { ConsistencyReport } from '../core/report.ts';
import { titleOf, versionsOf, type Phase, type Step, type WorkStep } from '../core/step.ts';
import type { Failures, StepRunner } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { timestamp } from '../text/timestamp.ts';
import { explainDeltas } from './explain.ts';
import { publishSnapshot, type PublishJobResult } from './publish.ts';
import { recordRun, type RunStart } from './record-run.ts';
import { withRemembered } from './remembered.ts';
import { reportOf, stepsOf, writeReport } from './report.ts';
import { pageFacts, pageFolder } from './report-page.ts';

export interface ApplyOptions {
  /** Phases to run; all when undefined. */
  only?: readonly Phase[] | undefined;
  /** Go on after a failed step with whatever does not depend on it. */
  keepGoing: boolean;
  /** How long to wait for another run that holds a lock; 0 leaves at once. */
  waitMs: number;
  /** The archive that has to be there at every step. */
  archiveId?: string;
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
  /** What became of the destinations with `auto`; absent when there are none, or when they were not reached. */
  published?: PublishJobResult;
  exitCode: ExitCode;
}

/** {@link ApplyResult}, and what is known of the plan after it. */
export interface Applied extends ApplyResult {
  snapshot: Snapshot;
}

/**
 * Makes a plan true: surveys, then runs the steps that are due, under the lock
 * of the product's archive. Run again, it goes on where it stopped.
 *
 * @throws ReleasePlanError `locked`, `interrupted`, `archive-unreadable` unless it keeps going;
 *   failures of single steps are in the result
 */
export async function apply(plan: Plan, host: Host, options: ApplyOptions): Promise<ApplyResult> {
  const { waitMs } = options;
  const { signal } = host;
  const start: RunStart = { kind: 'apply', startedAt: timestamp(), startMs: performance.now() };
  return await withArchive(
    plan,
    `apply ${plan.file}`,
    { waitMs, signal, isNew: host.startsArchive === true },
    async (archiveId) => {
      const inputs = await readInputs(plan, { ...host, runsCommands: true });
      const made = await withRemembered(
        plan,
        host,
        async (reading) => await deliveryOf(plan).survey(inputs, host, { reading }),
        async (snapshot) => await applySnapshot(snapshot, host, { ...options, archiveId }),
      );
      const applied = await withPublishing(made, host, options);
      if (options.only === undefined || options.only.includes('report'))
        await recordRun(applied, start, applied.exitCode);
      return applied;
    },
  );
}

/**
 * The last step: brings what is proven to the destinations that want it without being asked. Left out where a part was
 * asked for, and after a failure unless it keeps going; the caller holds the archive.
 */
export async function withPublishing<T extends Applied>(applied: T, host: Host, options: ApplyOptions): Promise<T> {
  const { snapshot, results, exitCode } = applied;
  const chosen = snapshot.inputs.plan.publish.filter(({ auto }) => auto);
  const hasFailed = results.some(({ error }) => error !== undefined);
  if (chosen.length === 0 || options.only !== undefined || (hasFailed && !options.keepGoing)) return applied;
  const published = await publishSnapshot(snapshot, chosen, host, false);
  return { ...applied, published, exitCode: exitCode === EXIT.ok ? published.exitCode : exitCode };
}

/** Runs the steps that a snapshot leads to; the caller holds the archive ({@link withArchive}). */
export async function applySnapshot(snapshot: Snapshot, host: Host, options: ApplyOptions): Promise<Applied> {
  if (!options.keepGoing) requireReadable(snapshot.archive);
  const delivery = deliveryOf(snapshot.inputs.plan);
  const steps = stepsOf(snapshot);
  const work = steps.filter((step): step is WorkStep => step.kind !== 'report' && isWanted(step, options));
  const run = await delivery.run(snapshot, { steps: work, host, waitMs: options.waitMs }, async (runner) => {
    return await runSteps(steps, snapshot, runner, host, options);
  });
  await delivery.register(run.snapshot, host);
  const report = reportOf(run.snapshot, failuresOf(run.results));
  return { ...run, report, exitCode: exitCodeOf(run.snapshot, run.results, report) };
}

const isWanted = (step: Step, { only }: ApplyOptions): boolean => only === undefined || only.includes(step.kind);

async function runSteps(
  steps: readonly Step[],
  start: Snapshot,
  runner: StepRunner,
  host: Host,
  options: ApplyOptions,
): Promise<Pick<Applied, 'results' | 'reportFiles' | 'snapshot'>> {
  const results: StepResult[] = [];
  let snapshot = start;
  let reportFiles: string[] = [];
  const make = async (step: Step, progress: (message: string) => void): Promise<string> => {
    if (step.kind === 'report') {
      const report = reportOf(snapshot, failuresOf(results));
      await explainDeltas(snapshot, report, host, progress);
      reportFiles = await writeReport(snapshot.inputs.plan, start.written, report, async () => {
        return await pageFacts(snapshot, report, pageFolder(snapshot.inputs.plan));
      });
      return reportFiles.join(', ');
    }
    const made = await runner.run(step, snapshot, progress);
    snapshot = made.snapshot;
    return made.message;
  };
  const tasks = steps.map((step): Task => ({
    title: titleOf(step),
    async run(progress) {
      host.signal.throwIfAborted();
      if (options.archiveId !== undefined) await requireArchive(start.inputs.plan, options.archiveId);
      const reason = reasonToSkip(step, results, options);
      const result: StepResult =
        reason === undefined
          ? await attempt(step, host, async () => await make(step, progress))
          : { step, title: titleOf(step), outcome: { state: 'skipped', message: reason } };
      results.push(result);
      return result.outcome;
    },
  }));
  await host.drive(tasks);
  return { results, reportFiles, snapshot };
}

/** Turns a failure that a user can meet into an outcome; bugs and interruptions go on upwards. */
async function attempt(step: Step, host: Host, body: () => Promise<string>): Promise<StepResult> {
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
  const wanted = versionsOf(step);
  const cause = failed.find((one) => madeVersion(one.step).some((version) => wanted.includes(version)));
  return cause === undefined ? undefined : `${cause.title} failed`;
}

/** The version that a step makes; none for what is made of versions. */
function madeVersion(step: Step): string[] {
  switch (step.kind) {
    case 'build':
    case 'archive':
      return [step.version];
    case 'full':
    case 'delta':
    case 'report':
      return [];
  }
}

function failuresOf(results: readonly StepResult[]): Failures {
  const versions = new Map<string, string>();
  const fulls = new Map<string, string>();
  const pairs = new PairMap<string>();
  for (const { step, error } of results) {
    if (error === undefined) continue;
    switch (step.kind) {
      case 'build':
      case 'archive':
        versions.set(step.version, error.message);
        break;
      case 'full':
        fulls.set(step.version, error.message);
        break;
      case 'delta':
        pairs.set(step, error.message);
        break;
      case 'report':
        break;
    }
  }
  return { versions, fulls, pairs };
}

/**
 * What cannot be read comes first, since it was met first; then the first failure decides; a run without one still has
 * to be consistent, unless it was told to do only a part.
 */
function exitCodeOf({ archive }: Snapshot, results: readonly StepResult[], report: ConsistencyReport): ExitCode {
  if (unreadableOf(archive).length > 0) return EXIT.environment;
  const failed = results.find((one) => one.error !== undefined);
  if (failed?.error !== undefined) return failed.error.exitCode;
  const partial = results.some((one) => one.outcome.state === 'skipped');
  return report.consistent || partial ? EXIT.ok : EXIT.inconsistent;
}
