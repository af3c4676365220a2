/** The deltas that a fleet needs to reach a version, whichever system delivers them. */
import { ReleasePlanError } from '../core/errors.ts';
import type { Pair } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import { uncoveredOf } from '../delivery/fleet/coverage.ts';
import { requiredDeltas, type DeltaQuestion, type RequiredDeltas } from '../delivery/fleet/required.ts';
import { retainedPairs } from '../delivery/fleet/rules.ts';
import { fleetView, type FleetView } from '../delivery/fleet/view.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, requireFleet, requireRegistry, type Inputs } from '../delivery/inputs.ts';
import { apply } from './apply.ts';

/** The question with everything that was found out about it. */
export interface Answered {
  inputs: Inputs;
  view: FleetView;
  answer: RequiredDeltas;
  /** What keeps devices from using each pair's delta, in their order. */
  problems: Array<string | undefined>;
  /** What an operator should know of deltas that devices can use all the same. */
  cautions: string[];
  /** Deltas that no rule and no tag requires; undefined when that cannot be told, or is for `gc`. */
  unrequired?: Pair[];
}

/**
 * Works out which deltas are required, and what is there of them; changes nothing.
 *
 * @param needsFleet the answer is none without a fleet
 * @throws ReleasePlanError `targets-*`, `fleet-*`, `target-unknown`, `tag-unknown`, `from-newer`
 */
export async function answerQuestion(
  plan: Plan,
  question: Omit<DeltaQuestion, 'format'>,
  { needsFleet }: { needsFleet: boolean },
  host: Pick<Host, 'env' | 'signal' | 'runsCommands'>,
): Promise<Answered> {
  const { format, deltas } = deliveryOf(plan);
  const { signal } = host;
  const inputs = await readInputs(plan, host);
  requireRegistry(inputs);
  if (needsFleet) await requireFleet(inputs);
  const view = await fleetView(inputs, format);
  const facts = await deltas.facts(inputs, signal);
  const answer = requiredDeltas(view.registry, view.fleet, { format, ...deltas.own(plan), ...question }, facts);
  const problems = await deltas.problems(plan, answer.pairs, signal);
  const cautions = deltas.cautions(plan, answer.pairs);
  if (view.fleet === undefined) return { inputs, view, answer, problems, cautions };
  const retained = [...answer.pairs, ...retainedPairs(view, facts)];
  const unrequired = await deltas.unrequired(plan, retained, signal);
  return { inputs, view, answer, problems, cautions, ...(unrequired === undefined ? {} : { unrequired }) };
}

/** @throws ReleasePlanError `nothing-required`, and the delivery's `missingCode` */
export function refuseImpossible({ inputs, answer }: Answered): void {
  const { pairs, impossible } = answer;
  if (impossible.length > 0)
    throw new ReleasePlanError(
      deliveryOf(inputs.plan).deltas.missingCode,
      impossible.map((one) => `${one.from.versions[0] ?? ''} -> ${one.to.versions[0] ?? ''}: ${one.detail}`).join('; '),
    );
  // fioctl's words.
  if (pairs.length > 0) return;
  const reasons = uncoveredOf(answer).map(({ devices, detail }) => `${devices}: ${detail}`);
  throw new ReleasePlanError(
    'nothing-required',
    'No Targets found to generate deltas for.',
    reasons.length === 0 ? {} : { hint: `Devices without a delta: ${reasons.slice(0, 3).join('; ')}.` },
  );
}

/** Makes what is missing. @throws ReleasePlanError what the first failure was */
export async function makeRequired({ inputs, answer }: Answered, host: Host, waitMs: number): Promise<void> {
  await deliveryOf(inputs.plan).deltas.make(inputs, answer.pairs, host, {
    waitMs,
    async apply(plan) {
      const { results } = await apply(plan, host, { only: ['delta'], keepGoing: true, waitMs });
      const failed = results.find((one) => one.error !== undefined)?.error;
      if (failed !== undefined) throw failed;
    },
  });
}

/**
 * Withdraws what nothing requires.
 *
 * @throws ReleasePlanError `fleet-unreadable` when a row cannot be read: it may be the one device that needs the delta
 */
export async function pruneUnrequired(
  { inputs, view: { fleet }, unrequired = [] }: Answered,
  host: Host,
  waitMs: number,
): Promise<void> {
  if (unrequired.length === 0) return;
  if (fleet !== undefined && fleet.bad.count > 0)
    throw new ReleasePlanError(
      'fleet-unreadable',
      `${fleet.bad.count} rows of ${fleet.source} cannot be read, so the required deltas are not known`,
      { hint: 'Fix the rows, then prune.' },
    );
  if (fleet !== undefined && fleet.odd.count > 0)
    throw new ReleasePlanError(
      'fleet-unreadable',
      `${fleet.odd.count} devices of ${fleet.source} do not say which version they run, so nobody can say which ` +
        'deltas are required',
      { hint: 'Correct them at their source, or list them under fleet.ignore.' },
    );
  await deliveryOf(inputs.plan).deltas.prune(inputs.plan, unrequired, host, { waitMs });
}
