/** The queue as the host sees it that applies a plan: asks for steps, and waits for what comes of them. */
import type { Job, Queue, QueueEvents } from 'bullmq';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Report } from '../../core/events.ts';
import { titleOf } from '../../core/step.ts';
import { connectionOf, disconnect, requireAnswer } from './connection.ts';
import type { QueueAddress } from './address.ts';
import {
  ATTEMPTS,
  errorOf,
  isBuild,
  jobId,
  purposeOf,
  type StepFailure,
  type StepJob,
  type StepNote,
  type StepReply,
} from './protocol.ts';
import type { Seal } from './seal.ts';

export interface ClientOptions {
  address: QueueAddress;
  seal: Seal;
  /** {@link queueName}. */
  name: string;
  report: Report;
  signal: AbortSignal;
}

/** A step that was asked for. */
interface Awaited {
  job: StepJob;
  progress(message: string): void;
  resolve(reply: StepReply): void;
  reject(error: unknown): void;
}

/** Events may be lost when redis is restarted, and jobs with them: each is looked at so often. */
const LOOK_EVERY_MS = 3000;

/** So long redis remembers what became of a job, for people who look; the archive is what counts. */
const KEPT_SECONDS = 24 * 3600;

/** How often is looked whether there is a worker at all. */
const WORKERS_EVERY_MS = 5000;

export class QueueClient {
  readonly #options: ClientOptions;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #awaited = new Map<string, Awaited>();
  readonly #timers: NodeJS.Timeout[] = [];
  #isLooking = false;
  #hasWorkers = true;

  private constructor(options: ClientOptions, queue: Queue, events: QueueEvents) {
    this.#options = options;
    this.#queue = queue;
    this.#events = events;
    // Whoever is away is waited for; connection.ts has looked that the address is right.
    queue.on('error', () => undefined);
    events.on('error', () => undefined);
    events.on('progress', ({ jobId: id, data }) => this.#hear(id, data));
    events.on('completed', ({ jobId: id }) => void this.#look(id));
    events.on('failed', ({ jobId: id }) => void this.#look(id));
    events.on('stalled', ({ jobId: id }) => this.#awaited.get(id)?.progress('its worker is gone; another takes it'));
    this.#timers.push(setInterval(() => void this.#lookAtAll(), LOOK_EVERY_MS));
    this.#timers.push(setInterval(() => void this.#lookForWorkers(), WORKERS_EVERY_MS));
  }

  /** @throws ReleasePlanError `queue-unreachable` */
  static async open(options: ClientOptions): Promise<QueueClient> {
    const { Queue, QueueEvents } = await import('bullmq');
    const connection = connectionOf(options.address);
    const queue = new Queue(options.name, { connection });
    try {
      await requireAnswer(queue, options.address, options.signal);
      const events = new QueueEvents(options.name, { connection });
      await events.waitUntilReady();
      return new QueueClient(options, queue, events);
    } catch (error) {
      await disconnect(queue);
      throw error;
    }
  }

  /**
   * Has a step made, or waits for it where somebody has asked for it already.
   *
   * @throws ReleasePlanError what the worker failed with; `queue-worker-lost`, `queue-forged`, `interrupted`
   */
  async make(job: StepJob, progress: (message: string) => void): Promise<StepReply> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const id = jobId(job);
    let stop = (): void => undefined;
    try {
      return await new Promise<StepReply>((resolve, reject) => {
        stop = () => reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        this.#awaited.set(id, { job, progress, resolve, reject });
        this.#ask(id, job, { isAgain: false }).catch(reject);
      });
    } finally {
      signal.removeEventListener('abort', stop);
      this.#awaited.delete(id);
    }
  }

  /** Has a step that was prepared made anew when it is asked for again. A server that is away is not waited for. */
  forget(job: StepJob): void {
    this.#queue.remove(jobId(job)).catch(() => undefined);
  }

  /** Leaves. What was asked for stays in the queue, and is made; whoever asks again finds it. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([disconnect(this.#events), disconnect(this.#queue)]);
  }

  /** @param isAgain it was asked for in this run, and is in the queue no more */
  async #ask(id: string, job: StepJob, { isAgain }: { isAgain: boolean }): Promise<void> {
    if (isBuild(job)) await this.#withdrawOthers(id, job);
    // The state before the job, as in #look.
    const state = await this.#queue.getJobState(id);
    const there = state === 'unknown' ? undefined : await this.#queue.getJob(id);
    if (there !== undefined) {
      // Made for an apply that ended before it took it.
      const waiting = state === 'completed' ? this.#preparedIn(id, there) : undefined;
      if (waiting !== undefined) return this.#awaited.get(id)?.resolve(waiting);
      // What has ended otherwise is asked for again only because the archive does not have it.
      if (state === 'completed' || state === 'failed') await there.remove();
      else if (state !== 'unknown') return this.#awaited.get(id)?.progress('is being made already');
    }
    const { seal, name } = this.#options;
    await this.#queue.add('step', seal.seal(purposeOf(name, id, 'step'), job), {
      jobId: id,
      attempts: ATTEMPTS,
      removeOnComplete: { age: KEPT_SECONDS },
      removeOnFail: { age: KEPT_SECONDS },
    });
    if (isAgain) this.#awaited.get(id)?.progress('the queue had lost it; asked for again');
  }

  /**
   * The same version of another commit, that a run which was stopped left in the queue: one that waits is taken out.
   *
   * @throws ReleasePlanError `queue-differs` for one that is being built
   */
  async #withdrawOthers(id: string, { steps, archiveId, commit }: StepJob): Promise<void> {
    const { seal, name } = this.#options;
    const title = steps[0] === undefined ? '' : titleOf(steps[0]);
    for (const other of await this.#queue.getJobs(['waiting', 'prioritized', 'delayed', 'active'])) {
      const otherId = other.id ?? '';
      if (otherId === id) continue;
      let asked: StepJob;
      try {
        asked = seal.open<StepJob>(purposeOf(name, otherId, 'step'), other.data);
      } catch {
        continue;
      }
      const [first] = asked.steps;
      if (asked.archiveId !== archiveId || first === undefined || titleOf(first) !== title) continue;
      if (asked.commit === commit) continue;
      // A worker that has it lets nobody take it out.
      await other.remove().catch((cause: unknown) => {
        throw new ReleasePlanError(
          'queue-differs',
          `${title} was asked for before, of the commit ${asked.commit ?? 'that a worker has'}, and is being made`,
          { cause, hint: 'Wait for it, or stop the worker that makes it; then run this again.' },
        );
      });
    }
  }

  /** What a worker says while it works. */
  #hear(id: string, data: unknown): void {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return;
    const { seal, name, report } = this.#options;
    try {
      const { type, worker, message } = seal.open<StepNote>(purposeOf(name, id, 'note'), data);
      if (type === 'warning') report({ type, message: `${worker}: ${message}` });
      else awaited.progress(`${worker}: ${message}`);
    } catch {
      // Somebody else's words are not shown; that a step was not made by us shows at its end.
    }
  }

  async #lookAtAll(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      for (const id of this.#awaited.keys()) await this.#look(id);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Finds out what became of a job. */
  async #look(id: string): Promise<void> {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return;
    try {
      // The state before the job: one that was read while it was made holds no reply yet.
      const state = await this.#queue.getJobState(id);
      if (state !== 'unknown' && state !== 'completed' && state !== 'failed') return;
      const job = state === 'unknown' ? undefined : await this.#queue.getJob(id);
      if (job === undefined) await this.#ask(id, awaited.job, { isAgain: true });
      else if (state === 'completed') awaited.resolve(this.#replyOf(id, job));
      else awaited.reject(this.#errorOf(id, job));
    } catch (error) {
      // What is not authenticated is a result; everything else is a server that is away.
      if (error instanceof ReleasePlanError) awaited.reject(error);
    }
  }

  /** A reply that leads to files which no folder has; undefined for every other one, and for a stranger's. */
  #preparedIn(id: string, job: Job): StepReply | undefined {
    try {
      const reply = this.#replyOf(id, job);
      return reply.prepared?.stored === undefined ? undefined : reply;
    } catch (error) {
      if (error instanceof ReleasePlanError) return undefined;
      throw error;
    }
  }

  #replyOf(id: string, job: Job): StepReply {
    const { seal, name } = this.#options;
    return seal.open<StepReply>(purposeOf(name, id, 'reply'), job.returnvalue);
  }

  #errorOf(id: string, { failedReason, processedBy }: Job): ReleasePlanError {
    // BullMQ's own words, when the third worker has gone.
    if (/stalled more than/.test(failedReason))
      return new ReleasePlanError(
        'queue-worker-lost',
        `${ATTEMPTS} workers died while they made it, the last of them ${processedBy ?? 'of unknown name'}`,
      );
    const { seal, name } = this.#options;
    const purpose = purposeOf(name, id, 'failure');
    return errorOf(seal.open<StepFailure>(purpose, parsed(failedReason)));
  }

  async #lookForWorkers(): Promise<void> {
    if (this.#awaited.size === 0) return;
    try {
      const count = await this.#queue.getWorkersCount();
      if (count === 0 && this.#hasWorkers)
        this.#options.report({
          type: 'warning',
          message: `no worker takes steps of this plan from ${this.#options.address.text}; waiting for one`,
        });
      this.#hasWorkers = count > 0;
    } catch {
      // The server is away.
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
