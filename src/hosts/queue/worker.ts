/** A worker: makes steps of its own plans that other hosts ask for through a queue. */
import { stat } from 'node:fs/promises';
import type { Job, Worker } from 'bullmq';
import { openArchive } from '../../archive/identity.ts';
import type { FileStamp, ReadOptions } from '../../archive/manifest.ts';
import { EXIT } from '../../core/codes/index.ts';
import { asUserError, ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { titleOf, type WorkStep } from '../../core/step.ts';
import type { HandOut } from '../../delivery/delivery.ts';
import type { Host } from '../../delivery/host.ts';
import { deliveryOf } from '../../delivery/index.ts';
import type { Snapshot } from '../../delivery/snapshot.ts';
import { firstOf } from '../../io/signals.ts';
import { requirePlan } from '../../plan/load.ts';
import { makeOwn, type OwnMade } from '../own-steps.ts';
import { joinStore, StoreSession } from '../store/session.ts';
import { Checkouts, requireCommit, type Checkout } from './checkout.ts';
import { connectionOf, disconnect, requireAnswer } from './connection.ts';
import type { QueueAddress } from './address.ts';
import {
  ATTEMPTS,
  failureOf,
  jobId,
  purposeOf,
  queueName,
  type StepJob,
  type StepNote,
  type StepReply,
  type Work,
} from './protocol.ts';
import type { Sealed, Seal } from './seal.ts';

export interface WorkerRequest {
  /** Its own plans: it works for no others. */
  plans: readonly Plan[];
  works: readonly Work[];
  /** Packages at once, for each plan; builds are made one at a time. */
  concurrency: number;
  label: string | undefined;
  /** The remote from which the checkouts of the plans are brought to the commit of whoever asks; undefined to stay. */
  follow: string | undefined;
  /** Its name, for whoever waits. */
  name: string;
  address: QueueAddress;
  seal: Seal;
  host: Host;
}

/** A file as it was when it was read. */
const pathStamp = (path: string, { mtimeNs, ctimeNs }: FileStamp): string => `${path} ${mtimeNs} ${ctimeNs}`;

/** A worker that does not renew its hold on a job for so long is dead, and the job is another's. */
const LOCK_MS = 5000;
const RENEW_MS = 1250;
const LOOK_FOR_DEAD_MS = 1000;

/** How long what is being made gets to stop. */
const CLOSE_MS = 10_000;

/**
 * Works until the host's signal fires; what it is making then goes back to the queue.
 *
 * @throws ReleasePlanError `queue-unreachable`, `archive-lost` and `archive-other` when it does not see the archive
 *   that steps are for
 */
export async function serve(request: WorkerRequest): Promise<void> {
  const { host, plans, works, address } = request;
  const { Queue } = await import('bullmq');
  const served: Worker[] = [];
  // Set by the first job that shows that this worker is of no use.
  const ending = new AbortController();
  const signal = firstOf(host.signal, ending.signal);
  const checkouts = request.follow === undefined ? undefined : new Checkouts(request.follow, signal);
  try {
    for (const plan of plans) {
      const { handOut } = deliveryOf(plan);
      if (handOut === undefined)
        throw new ReleasePlanError('usage', `${plan.file}: its deltas are made beside its repository, on one host`, {
          hint: 'Run `release-plan apply` there; --jobs sets how many deltas it makes at once.',
        });
      const checkout = await checkouts?.around(plan.dir);
      const joined = await joinStore(plan, host);
      const archiveId = await openArchive(plan, { isUnattended: true, isNew: false });
      const store = joined === undefined ? undefined : new StoreSession(plan, joined, host);
      const unsignable = await handOut.unsignable(plan, host);
      // Everything else ends with a signature.
      const possible = unsignable === undefined ? works : works.filter((one) => one === 'delta');
      if (possible.length === 0)
        throw new ReleasePlanError('usage', `this worker can make nothing of ${plan.file}`, {
          hint: unsignable ?? 'A plan without kas builds nothing.',
        });
      for (const work of possible) {
        const queue = queueName(plan, work, request.label);
        const trial = new Queue(queue, { connection: connectionOf(address) });
        await requireAnswer(trial, address, signal).finally(async () => await disconnect(trial));
        const leave = (error: ReleasePlanError): void => ending.abort(error);
        const facts = { plan, handOut, queue, archiveId, signs: unsignable === undefined, store, checkout, leave };
        const bench = new Bench({ ...request, host: { ...host, signal } }, facts);
        served.push(await startWorker(request, queue, work === 'build' ? 1 : request.concurrency, bench));
        const how = unsignable === undefined ? '' : `, to be signed where it comes from (${unsignable})`;
        const what = `takes ${work} steps of ${plan.file} from ${address.text}${how}`;
        host.report({ type: 'note', message: `${request.name} ${what}` });
      }
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    // Those that make something give it back, since the signal has fired.
    await Promise.all(served.map(async (worker) => await disconnect(worker, CLOSE_MS)));
    await checkouts?.close();
  }
  if (ending.signal.aborted) throw ending.signal.reason;
}

async function startWorker(
  { address, name }: WorkerRequest,
  queue: string,
  concurrency: number,
  bench: Bench,
): Promise<Worker> {
  const { Worker: BullWorker } = await import('bullmq');
  const worker = new BullWorker<Sealed, Sealed>(queue, async (job, token) => await bench.make(job, token), {
    connection: connectionOf(address),
    name,
    concurrency,
    lockDuration: LOCK_MS,
    lockRenewTime: RENEW_MS,
    stalledInterval: LOOK_FOR_DEAD_MS,
    maxStalledCount: ATTEMPTS - 1,
    runRetryDelay: 1000,
    drainDelay: 1,
  });
  // A server that is away is waited for; a job that was lost meanwhile is somebody else's now.
  worker.on('error', () => undefined);
  return worker;
}

/** What a bench works on. */
interface BenchFacts {
  plan: Plan;
  handOut: HandOut;
  /** The queue's name. */
  queue: string;
  archiveId: string;
  /** Whether it has the key of the plan. */
  signs: boolean;
  /** The store behind the archive. */
  store: StoreSession | undefined;
  /** What follows the host that asks; undefined for one that stays as it is. */
  checkout: Checkout | undefined;
  /** Ends the worker, which is of no use. */
  leave(error: ReleasePlanError): void;
}

/** Where the steps of one plan are made. */
class Bench {
  readonly #request: WorkerRequest;
  readonly #facts: BenchFacts;
  /** Files that were read and found whole, by path and stamp: many steps share a version. */
  readonly #whole = new Set<string>();
  #plan: Plan;
  /** When the plan that is known was written. */
  #planReadMs: number | undefined;
  readonly #reading: ReadOptions = {
    vouches: (path, _file, stamp) => this.#whole.has(pathStamp(path, stamp)),
    onWhole: (path, _file, stamp) => void this.#whole.add(pathStamp(path, stamp)),
  };

  constructor(request: WorkerRequest, facts: BenchFacts) {
    this.#request = request;
    this.#facts = facts;
    this.#plan = facts.plan;
  }

  /** Makes the steps of a job. @returns the sealed reply */
  async make(job: Job<Sealed, Sealed>, token: string | undefined): Promise<Sealed> {
    const { seal, name, host } = this.#request;
    if (host.signal.aborted) return await giveBack(job, token);
    const id = job.id ?? '';
    const note = async (type: StepNote['type'], message: string): Promise<void> => {
      const sealed = seal.seal(purposeOf(this.#facts.queue, id, 'note'), {
        type,
        worker: name,
        message,
      } satisfies StepNote);
      // Words that are lost are no failure of the work.
      await job.updateProgress(sealed).catch(() => undefined);
    };
    let title = id;
    try {
      const asked = seal.open<StepJob>(purposeOf(this.#facts.queue, id, 'step'), job.data);
      if (asked.steps[0] !== undefined) title = titleOf(asked.steps[0]);
      const { checkout } = this.#facts;
      if (checkout !== undefined) requireCommit(asked);
      const make = async (): Promise<OwnMade> => await this.#makeSteps(id, asked, note);
      const made = checkout === undefined ? await make() : await checkout.at(asked.commit, make);
      return seal.seal(purposeOf(this.#facts.queue, id, 'reply'), { worker: name, ...made } satisfies StepReply);
    } catch (error) {
      if (host.signal.aborted) return await giveBack(job, token);
      const failure = failureOf(name, error);
      const attempt = `attempt ${job.attemptsMade + 1}`;
      host.report({ type: 'step-failed', id, title, message: `${attempt}: ${failure.message}` });
      const isLast = !mayHelp(error) || job.attemptsMade + 1 >= ATTEMPTS;
      if (!isLast) await note('progress', `${attempt} of ${ATTEMPTS} failed: ${failure.message}`);
      const { UnrecoverableError } = await import('bullmq');
      const words = JSON.stringify(seal.seal(purposeOf(this.#facts.queue, id, 'failure'), failure));
      throw mayHelp(error) ? new Error(words) : new UnrecoverableError(words);
    }
  }

  async #makeSteps(
    id: string,
    asked: StepJob,
    note: (type: StepNote['type'], message: string) => Promise<void>,
  ): Promise<OwnMade> {
    const { host } = this.#request;
    const { steps, archiveId } = asked;
    const [first, last] = [steps[0], steps.at(-1)];
    if (first === undefined || last === undefined || id !== jobId(asked))
      throw new ReleasePlanError('queue-forged', `${id} is another step`);
    if (archiveId !== this.#facts.archiveId) throw this.#otherArchive(archiveId);
    const progress = (message: string): void => void note('progress', message);
    const report: Host['report'] = (event) =>
      event.type === 'warning' ? void note('warning', event.message) : host.report(event);
    const own: Host = { ...host, report };
    host.report({ type: 'step-started', id, title: titleOf(first) });
    const { handOut, signs, store } = this.#facts;
    const plan = await this.#currentPlan();
    const how = {
      plan,
      handOut,
      signs,
      jobs: this.#request.concurrency,
      reading: this.#reading,
      store,
      isChecked: true,
    };
    const made = await makeOwn(steps, how, own, progress, (snapshot) => this.#requireSame(asked, snapshot, last));
    host.report({ type: 'step-done', id, message: `${titleOf(first)}: ${made.message}` });
    return made;
  }

  /**
   * The plan as it stands now: a worker runs for months, and a checkout moves on.
   *
   * @throws ReleasePlanError what is wrong with it; `queue-differs` when it is the plan of another product or archive
   */
  async #currentPlan(): Promise<Plan> {
    const { file, dir } = this.#facts.plan;
    const { mtimeMs } = await stat(file);
    if (mtimeMs !== this.#planReadMs) {
      const { plan } = await requirePlan(file, { cwd: dir });
      const same = (['product', 'machine', 'image', 'artifacts', 'store'] as const).every(
        (key) => JSON.stringify(plan[key]) === JSON.stringify(this.#plan[key]),
      );
      if (!same)
        throw new ReleasePlanError(
          'queue-differs',
          `${file} is the plan of another product or archive by now: start the worker again`,
        );
      this.#plan = plan;
      this.#planReadMs = mtimeMs;
    }
    return this.#plan;
  }

  /** @throws ReleasePlanError `queue-differs` */
  #requireSame({ identity }: StepJob, snapshot: Snapshot, step: WorkStep): void {
    // What is damaged is told by whoever makes the step.
    if ([...snapshot.archive.versions.values()].some(({ state }) => state === 'damaged' || state === 'unreadable'))
      return;
    const own = this.#facts.handOut.identity(step, snapshot) ?? {};
    const names = [...new Set([...Object.keys(identity), ...Object.keys(own)])];
    const other = names.filter((name) => JSON.stringify(identity[name]) !== JSON.stringify(own[name]));
    if (other.length > 0)
      throw new ReleasePlanError(
        'queue-differs',
        `${this.#facts.plan.file} on this worker differs from the plan of the host that asks: ${other.join(', ')}`,
      );
  }

  /** Whoever sees another archive is of no use to this queue. */
  #otherArchive(archiveId: string): ReleasePlanError {
    const error = new ReleasePlanError(
      'archive-other',
      `${this.#facts.plan.artifacts} is the archive ${this.#facts.archiveId}; steps are for the archive ${archiveId}`,
      { hint: 'A worker needs the archive of the host that applies the plan, for example by a network file system.' },
    );
    this.#facts.leave(error);
    return error;
  }
}

/** Whether trying again, or elsewhere, may help: what is wrong with a plan or an image is so everywhere. */
function mayHelp(error: unknown): boolean {
  const known = asUserError(error);
  return known === undefined || (known.exitCode === EXIT.environment && known.code !== 'disk-full');
}

/** Puts a job back where it was, at once and without counting. */
async function giveBack(job: Job<Sealed, Sealed>, token: string | undefined): Promise<never> {
  const { WaitingError } = await import('bullmq');
  await job.moveToWait(token);
  throw new WaitingError();
}
