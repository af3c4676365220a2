/** What apply and workers say to one another through the queue. */
import { planName, type PlanKey } from '../../archive/layout.ts';
import { asUserError, messageOf, ReleasePlanError } from '../../core/errors.ts';
import { CODES, type Code } from '../../core/codes/index.ts';
import type { WorkStep } from '../../core/step.ts';
import { digestOf } from '../../text/json.ts';
import type { PreparedWork } from '../own-steps.ts';

/** Kinds of work that workers choose from: deltas, which any host can make; full packages need the key, builds kas. */
export const WORKS = ['delta', 'full', 'build'] as const;
export type Work = (typeof WORKS)[number];

/** What is asked of a worker. Its own plan says how; nothing in here is run or opened. */
export interface StepJob {
  steps: WorkStep[];
  /** The archive that the result belongs into. */
  archiveId: string;
  /** The commit of the plan's repository on that host, for workers that follow it; absent where it is none. */
  commit?: string;
  /** {@link HandOut.identity} of the last step, as the host sees it that asks. */
  identity: Readonly<Record<string, unknown>>;
}

/** What a worker says while it works. */
export interface StepNote {
  type: 'progress' | 'warning';
  worker: string;
  message: string;
}

/** What a worker says at the end. */
export interface StepReply {
  worker: string;
  /** It did what needs no key; the rest is for the host that asked. */
  prepared?: PreparedWork;
  message: string;
}

/** A failure as it travels. */
export interface StepFailure {
  worker: string;
  code: Code | undefined;
  message: string;
  hint?: string;
}

/** A step fails so often before it is reported, and so do its workers. */
export const ATTEMPTS = 3;

/**
 * The queue of a plan's steps. The archive is not part of its name: a worker
 * that sees another archive is to notice.
 */
export function queueName(plan: PlanKey, work: Work, label: string | undefined): string {
  const { product, machine, image } = plan;
  const words = product.replaceAll(/[^A-Za-z0-9.-]/g, '_');
  const digest = digestOf({ plan: planName(plan), machine, image, label: label ?? '' }).slice(0, 16);
  return `release-plan-${words}-${work}-${digest}`;
}

/** Whether a job is a build, of which nothing but its commit says what comes of it. */
export const isBuild = ({ steps }: Pick<StepJob, 'steps'>): boolean => steps.some(({ kind }) => kind === 'build');

/** The name of a job: what it makes, of what, and where it goes. */
export const jobId = (job: StepJob): string => {
  const { archiveId, identity, commit = '' } = job;
  return `make-${digestOf({ archiveId, identity, ...(isBuild(job) ? { commit } : {}) }).slice(0, 40)}`;
};

/** What a message of a job is for, see seal.ts. */
export const purposeOf = (queue: string, id: string, what: 'step' | 'note' | 'reply' | 'failure'): string =>
  `${queue} ${id} ${what}`;

export function failureOf(worker: string, error: unknown): StepFailure {
  const known = asUserError(error);
  const { code, message, hint } = known ?? {
    code: undefined,
    message: `unexpected: ${messageOf(error)}`,
    hint: undefined,
  };
  return { worker, code, message, ...(hint === undefined ? {} : { hint }) };
}

/** The failure of a step on a worker, for the host that asked for it. */
export function errorOf({ worker, code, message, hint }: StepFailure): ReleasePlanError {
  const known: Code = code !== undefined && code in CODES ? code : 'tool-failed';
  return new ReleasePlanError(known, `${worker}: ${message}`, hint === undefined ? {} : { hint });
}
