/** Runs the steps of a plan, as many at once as may be, and keeps what became of each. */
import { asUserError, failureToTell, type ReleasePlanError } from '../core/errors.ts';
import type { Task, TaskOutcome } from '../core/events.ts';
import { titleOf, versionsOf, type Phase, type Step, type WorkStep } from '../core/step.ts';
import type { StepRunner } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import type { StepNode } from './graph.ts';
import type { Idlers } from './idle.ts';
import { Pool, type Capacity } from './pool.ts';

/** What became of one step. */
export interface StepResult {
  step: Step;
  title: string;
  outcome: TaskOutcome;
  /** The failure itself, when there is one. */
  error?: ReleasePlanError;
}

export interface StepsRequest {
  nodes: readonly StepNode[];
  /** What is known before the first. */
  start: Snapshot;
  /** Who makes them. */
  runner: StepRunner;
  capacity: Capacity;
  /** Steps that use no processor at the moment. */
  idlers: Idlers;
  /** Whether a step is made on another host, and takes nothing of this one's capacity. */
  isElsewhere(step: Step): boolean;
  /** Memory that a step takes at its peak. */
  memoryBytes(step: WorkStep, snapshot: Snapshot): number;
  host: Host;
  /** Phases to run; all when undefined. */
  only: readonly Phase[] | undefined;
  /** Go on after a failed step with whatever does not depend on it. */
  keepGoing: boolean;
  /** Looks, before each step, whether it can be done at all; throws where not. */
  beforeEach(): Promise<void>;
  /** The report step. @returns a line for the person who watches */
  report(snapshot: Snapshot, results: readonly StepResult[], progress: (message: string) => void): Promise<string>;
}

export interface StepsRun {
  /** In the order of the steps, whenever each ended. */
  results: StepResult[];
  /** With what the steps made. */
  snapshot: Snapshot;
}

/**
 * Runs steps. A failure that a user can meet is the outcome of its step, and
 * loses no other that runs meanwhile; bugs and interruptions are thrown, once
 * nothing runs any more. A step that found no room on the disk while others
 * took some is tried again alone; when that fails, too, nothing more is begun.
 *
 * @throws ReleasePlanError `interrupted`, and what `beforeEach` throws
 */
export async function runSteps(request: StepsRequest): Promise<StepsRun> {
  const { nodes, host, runner } = request;
  const ended = new Map<number, StepResult>();
  const failed: StepResult[] = [];
  let snapshot = request.start;
  const pool = new Pool(
    nodes.map(({ step, after }) => ({
      after,
      isElsewhere: request.isElsewhere(step),
      memoryBytes: () => (step.kind === 'report' ? 0 : request.memoryBytes(step, snapshot)),
    })),
    request.capacity,
    request.idlers,
  );
  const results = (): StepResult[] => [...ended].sort(([a], [b]) => a - b).map(([, result]) => result);

  const make = async (step: Step, progress: (message: string) => void): Promise<string> => {
    if (step.kind === 'report') return await request.report(snapshot, results(), progress);
    const made = await runner.run(step, snapshot, progress);
    snapshot = made.change(snapshot);
    return made.message;
  };

  const makeOrRetry = async (step: Step, at: number, progress: (message: string) => void): Promise<string> => {
    try {
      return await make(step, progress);
    } catch (error) {
      if (host.signal.aborted || !isDiskFull(error) || !pool.wasAccompanied(at)) throw error;
      progress('not enough disk space beside the other steps: waiting to be the only one');
      await pool.alone(at);
      host.signal.throwIfAborted();
      return await make(step, progress);
    }
  };

  await host.drive(
    nodes.map(({ step }, at): Task => ({
      title: titleOf(step),
      async run(progress) {
        host.signal.throwIfAborted();
        await request.beforeEach();
        const reason = reasonToSkip(step, failed, request);
        const result: StepResult =
          reason === undefined
            ? await attempt(step, host, async () => await makeOrRetry(step, at, progress))
            : { step, title: titleOf(step), outcome: { state: 'skipped', message: reason } };
        ended.set(at, result);
        if (result.outcome.state === 'failed') failed.push(result);
        return result.outcome;
      },
    })),
    pool,
  );
  return { results: results(), snapshot };
}

const isDiskFull = (error: unknown): boolean => asUserError(error)?.code === 'disk-full';

/** Turns a failure that a user can meet into an outcome; bugs and interruptions go on upwards. */
async function attempt(step: Step, host: Host, body: () => Promise<string>): Promise<StepResult> {
  const title = titleOf(step);
  try {
    return { step, title, outcome: { state: 'done', message: await body() } };
  } catch (error) {
    const known = failureToTell(error, host.signal);
    return { step, title, outcome: { state: 'failed', message: known.inWords }, error: known };
  }
}

/** Whether `--only` leaves a step in. */
export const isWanted = (step: Step, only: readonly Phase[] | undefined): boolean =>
  only === undefined || only.includes(step.kind);

/** Why a step is not even tried, or undefined. The report is always written: it says what holds. */
function reasonToSkip(
  step: Step,
  failed: readonly StepResult[],
  { only, keepGoing }: Pick<StepsRequest, 'only' | 'keepGoing'>,
): string | undefined {
  if (!isWanted(step, only)) return `excluded by --only ${only?.join(',') ?? ''}`;
  if (step.kind === 'report') return undefined;
  if (failed.length === 0) return undefined;
  if (!keepGoing) return 'an earlier step failed';
  if (failed.some(({ error }) => error?.code === 'disk-full')) return 'the disk is full';
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
