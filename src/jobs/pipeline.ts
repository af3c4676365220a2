import type { Plan } from '../core/plan.ts';
import type { WorkStep } from '../core/step.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { HandOut } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import { requireReadable } from '../archive/readable.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
import { lookIntoStore } from '../hosts/store/session.ts';
import { pipelineOf, type Pipeline, type PipelineFacts } from '../hosts/pipeline/pipeline.ts';
import { plansInCheckout } from '../schedule/checkout.ts';
import { runName } from '../schedule/names.ts';
import { nightlyRunOf } from './schedule.ts';

/** @throws ReleasePlanError `usage` for a plan whose steps are for one host */
export function requireHandOut(plan: Plan): HandOut {
  const { handOut } = deliveryOf(plan);
  if (handOut !== undefined) return handOut;
  throw new ReleasePlanError('usage', `${plan.file}: its deltas are made beside its repository, on one host`, {
    hint: 'Let one job run `release-plan apply`; --jobs sets how many deltas it makes at once.',
  });
}

/**
 * What is due of a plan as jobs. What can only be made where the plan is
 * applied is left to the job with the report.
 *
 * @throws ReleasePlanError as the survey does, `archive-unreadable`
 */
export async function duePipeline(plan: Plan, host: Host): Promise<Pipeline> {
  const handOut = requireHandOut(plan);
  const delivery = deliveryOf(plan);
  await lookIntoStore(plan, host);
  const reading = await storedReading(plan);
  const inputs = await readInputs(plan, { ...host, runsCommands: true });
  const snapshot = await delivery.survey(inputs, host, { reading });
  requireReadable(snapshot.archive);
  const isForJobs = (step: WorkStep): boolean =>
    handOut.identity(step, snapshot) !== undefined && !('blocked' in step && step.blocked !== undefined);
  return pipelineOf(delivery.steps(snapshot).filter(isForJobs));
}

/**
 * What jobs have to know of a plan.
 *
 * @throws ReleasePlanError `schedule-ci` for a plan in no repository, or an archive in the checkout
 */
export async function pipelineFacts(
  plan: Plan,
  { tags, buildTags }: Pick<PipelineFacts, 'tags' | 'buildTags'>,
): Promise<PipelineFacts> {
  const run = await nightlyRunOf([plan], { at: { hour: 0, minute: 0 }, user: '', program: [] });
  const [planPath = ''] = plansInCheckout(run);
  return { name: runName(plan), planPath, tags, buildTags };
}
