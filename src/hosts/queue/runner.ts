import { ReleasePlanError } from '../../core/errors.ts';
import { titleOf, type Phase, type Step, type WorkStep } from '../../core/step.ts';
import type { HandOut, Made, StepRunner } from '../../delivery/delivery.ts';
import type { Host } from '../../delivery/host.ts';
import type { Snapshot } from '../../delivery/snapshot.ts';
import { madeBy } from '../store/runner.ts';
import type { StoreSession } from '../store/session.ts';
import type { QueueClient } from './client.ts';
import type { PreparedWork } from '../own-steps.ts';
import type { StepJob, Work } from './protocol.ts';

/** Which work of a plan other hosts do. */
export interface HandedOut {
  /** The queue of each kind of work that is handed out. */
  clients: ReadonlyMap<Work, QueueClient>;
  handOut: HandOut;
  archiveId: string;
  /** As {@link StepJob.commit}. */
  commit?: string | undefined;
  /** So many steps are finished here at once: those that workers could not sign. */
  jobs: number;
}

/** The kind of work that a phase is. */
export function workOf(phase: Phase): Work | undefined {
  switch (phase) {
    case 'build':
    case 'archive':
      return 'build';
    case 'full':
      return 'full';
    case 'delta':
      return 'delta';
    case 'report':
      return undefined;
  }
}

/** The queue that a step is handed out through; undefined for one that is made here. Pure. */
export function clientOf(step: Step, snapshot: Snapshot, { clients, handOut }: HandedOut): QueueClient | undefined {
  const work = workOf(step.kind);
  if (step.kind === 'report' || work === undefined || handOut.identity(step, snapshot) === undefined) return undefined;
  return clients.get(work);
}

/**
 * Has steps made by workers where they are handed out, and the others by a runner here.
 *
 * @param store what workers make comes through it, where there is one
 */
export function queueRunner(
  here: StepRunner,
  handed: HandedOut,
  host: Pick<Host, 'signal'>,
  store?: StoreSession,
): StepRunner {
  const finish = atMost(handed.jobs, here);
  return {
    async run(step, snapshot, progress) {
      const client = clientOf(step, snapshot, handed);
      if (client === undefined) return await here.run(step, snapshot, progress);
      const made = await makeElsewhere(step, snapshot, progress, client, handed, host, store);
      if ('change' in made) return made;
      try {
        const finished = await finish.run(step, snapshot, progress);
        client.forget(made.prepared);
        return finished;
      } catch (error) {
        // What was prepared is no good the next time either; whatever else failed, it need not be made again.
        if (error instanceof ReleasePlanError && error.code.startsWith('delta-')) client.forget(made.prepared);
        throw error;
      }
    },
  };
}

/** A step that was asked for, and has to be finished here. */
interface ToFinish {
  prepared: StepJob;
}

async function makeElsewhere(
  step: WorkStep,
  snapshot: Snapshot,
  progress: (message: string) => void,
  client: QueueClient,
  { handOut, archiveId, commit }: HandedOut,
  { signal }: Pick<Host, 'signal'>,
  store: StoreSession | undefined,
): Promise<Made | ToFinish> {
  const identity = handOut.identity(step, snapshot);
  if (identity === undefined) throw new Error(`${titleOf(step)} is for no other host`);
  let message = 'archived by the worker that built it';
  // A worker archives what it builds: the next build would remove it.
  if (step.kind !== 'archive') {
    const steps: WorkStep[] = step.kind === 'build' ? [step, { ...step, kind: 'archive' }] : [step];
    const job: StepJob = { steps, archiveId, identity, ...(commit === undefined ? {} : { commit }) };
    const reply = await client.make(job, progress);
    message = `${reply.worker}: ${reply.message}`;
    progress(message);
    if (reply.prepared !== undefined) {
      await bringPrepared(step, snapshot, reply.prepared, handOut, store, progress).catch((error: unknown) => {
        // It is not there any more.
        if (error instanceof ReleasePlanError && error.code === 'store-damaged') client.forget(job);
        throw error;
      });
      return { prepared: job };
    }
  }
  const subject = madeBy(step);
  if (subject !== undefined) await store?.bring([subject], 'files', progress);
  const made = await handOut.taken(step, snapshot, signal);
  return { ...made, message };
}

/** Has what a worker prepared in the folder here. */
async function bringPrepared(
  step: WorkStep,
  snapshot: Snapshot,
  { stored }: PreparedWork,
  handOut: HandOut,
  store: StoreSession | undefined,
  progress: (message: string) => void,
): Promise<void> {
  const prepared = handOut.prepared(step, snapshot);
  if (stored === undefined || prepared === undefined) return;
  await store?.bringUnnamed(prepared, stored, progress);
}

/** A runner that makes so many steps at once; the others wait. */
function atMost(jobs: number, runner: StepRunner): StepRunner {
  let running = 0;
  const waiting: Array<() => void> = [];
  return {
    async run(step, snapshot, progress) {
      if (running >= jobs) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await runner.run(step, snapshot, progress);
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
