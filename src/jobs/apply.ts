import { requireArchive } from '../archive/identity.ts';
import { withArchive } from '../archive/exclusive.ts';
import { requireReadable, unreadableOf } from '../archive/readable.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { PairMap } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { Phase, Step, WorkStep } from '../core/step.ts';
import type { Failures } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { capacityOf } from '../hosts/capacity.ts';
import { graphOf } from '../hosts/graph.ts';
import { Idlers } from '../hosts/idle.ts';
import { withHandedOut, type QueueSettings } from '../hosts/queue/hand-out.ts';
import { clientOf, queueRunner, type HandedOut } from '../hosts/queue/runner.ts';
import { storedRunner } from '../hosts/store/runner.ts';
import { beginSession, joinStore, type StoreSession } from '../hosts/store/session.ts';
import { isWanted, runSteps, type StepResult, type StepsRequest } from '../hosts/run-steps.ts';
import { inOneLine } from '../kas/failure.ts';
import { timestamp } from '../text/timestamp.ts';
import { describeChanges } from './describe-changes.ts';
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
  /** Steps that run at once; as many as processors and memory allow when undefined. */
  jobs?: number | undefined;
  /** Where workers get steps from; all are made here when undefined. */
  queue?: QueueSettings | undefined;
  /** The archive that has to be there at every step. */
  archiveId?: string;
  /** The store behind the archive. */
  store?: StoreSession | undefined;
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
  const joined = await joinStore(plan, host);
  return await withArchive(
    plan,
    `apply ${plan.file}`,
    { waitMs, signal, isNew: host.startsArchive === true },
    async (archiveId) => {
      const store = await beginSession(plan, joined, archiveId, host);
      const inputs = await readInputs(plan, { ...host, runsCommands: true });
      const made = await withRemembered(
        plan,
        host,
        async (reading) => await deliveryOf(plan).survey(inputs, host, { reading }),
        async (snapshot) => await applySnapshot(snapshot, host, { ...options, archiveId, store }),
      );
      const applied = await withPublishing(made, host, { ...options, store });
      if (options.only === undefined || options.only.includes('report'))
        await recordRun(applied, start, applied.exitCode);
      await store?.sendDocuments();
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
  const published = await publishSnapshot(snapshot, chosen, { ...host, store: options.store }, false);
  return { ...applied, published, exitCode: exitCode === EXIT.ok ? published.exitCode : exitCode };
}

/** Runs the steps that a snapshot leads to; the caller holds the archive ({@link withArchive}). */
export async function applySnapshot(snapshot: Snapshot, host: Host, options: ApplyOptions): Promise<Applied> {
  if (!options.keepGoing) requireReadable(snapshot.archive);
  const { queue, archiveId } = options;
  if (queue === undefined) return await applyWith(snapshot, undefined, host, options);
  if (archiveId === undefined) throw new Error('steps are handed out under the lock of an archive');
  const { jobs } = capacityOf(options.jobs);
  return await withHandedOut(snapshot, queue, { archiveId, jobs }, host, async (handed) => {
    return await applyWith(snapshot, handed, host, options);
  });
}

/** @param handed how steps are made on other hosts; undefined when all are made here */
async function applyWith(
  snapshot: Snapshot,
  handed: HandedOut | undefined,
  given: Host,
  options: ApplyOptions,
): Promise<Applied> {
  const idlers = new Idlers();
  // What workers could not sign is finished here and takes none of the places that it would give back.
  const host: Host = handed === undefined ? { ...given, idle: idlers.idle } : given;
  const delivery = deliveryOf(snapshot.inputs.plan);
  const steps = stepsOf(snapshot);
  const isElsewhere = (step: Step): boolean => handed !== undefined && clientOf(step, snapshot, handed) !== undefined;
  const wanted = steps.filter((step): step is WorkStep => step.kind !== 'report' && isWanted(step, options.only));
  const work = wanted.filter((step) => !isElsewhere(step));
  const capacity = capacityOf(options.jobs);
  const request = {
    steps: work,
    elsewhere: wanted.filter(isElsewhere),
    host,
    waitMs: options.waitMs,
    jobs: Math.min(capacity.jobs, work.length),
    wantedJobs: options.jobs,
  };
  const run = await delivery.run(snapshot, request, async (here) => {
    const own = options.store === undefined ? here : storedRunner(here, options.store);
    const runner = handed === undefined ? own : queueRunner(own, handed, host, options.store);
    return await runAll(steps, snapshot, { runner, capacity, idlers, isElsewhere }, host, options);
  });
  await delivery.register(run.snapshot, host);
  const report = reportOf(run.snapshot, failuresOf(run.results));
  return { ...run, report, exitCode: exitCodeOf(run.snapshot, run.results, report) };
}

async function runAll(
  steps: readonly Step[],
  start: Snapshot,
  hosts: Pick<StepsRequest, 'runner' | 'capacity' | 'idlers' | 'isElsewhere'>,
  host: Host,
  options: ApplyOptions,
): Promise<Pick<Applied, 'results' | 'reportFiles' | 'snapshot'>> {
  const { plan } = start.inputs;
  const delivery = deliveryOf(plan);
  let reportFiles: string[] = [];
  const run = await runSteps({
    nodes: graphOf(steps, delivery.lane),
    start,
    ...hosts,
    memoryBytes: delivery.memoryBytes,
    host,
    only: options.only,
    keepGoing: options.keepGoing,
    async beforeEach() {
      if (options.archiveId !== undefined) await requireArchive(plan, options.archiveId);
    },
    async report(snapshot, results, progress) {
      const report = reportOf(snapshot, failuresOf(results));
      await explainDeltas(snapshot, report, host, progress);
      await describeChanges(snapshot, report, host, progress);
      reportFiles = await writeReport(plan, start.written, report, async () => {
        return await pageFacts(snapshot, report, pageFolder(plan));
      });
      return reportFiles.join(', ');
    },
  });
  return { ...run, reportFiles };
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
        versions.set(step.version, inOneLine(error.message));
        break;
      case 'full':
        fulls.set(step.version, inOneLine(error.message));
        break;
      case 'delta':
        pairs.set(step, inOneLine(error.message));
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
