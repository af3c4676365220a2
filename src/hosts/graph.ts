/** The steps of a plan as data: what has to be done before each, and what each takes. Pure. */
import { versionsOf, type Step, type WorkStep } from '../core/step.ts';

/** A step, and what it waits for. */
export interface StepNode {
  step: Step;
  /** The steps that have to have ended before, by their place in the list; all of them stand before it. */
  after: readonly number[];
}

/**
 * Orders steps by what they are made of: a package after the versions in it, the
 * report after everything, and what shares a lane one after the other as listed.
 *
 * @param steps in the order in which one host alone would take them
 * @param laneOf what only one step can have at a time, by name; undefined for a step that needs nothing of the kind
 */
export function graphOf(steps: readonly Step[], laneOf: (step: WorkStep) => string | undefined): StepNode[] {
  /** The last step that makes a version. */
  const makers = new Map<string, number>();
  /** The last step of a lane. */
  const lanes = new Map<string, number>();
  return steps.map((step, at) => {
    if (step.kind === 'report') return { step, after: Array.from({ length: at }, (_, before) => before) };
    const lane = laneOf(step);
    const before = [
      ...versionsOf(step).map((version) => makers.get(version)),
      ...(lane === undefined ? [] : [lanes.get(lane)]),
    ].filter((one) => one !== undefined);
    if (lane !== undefined) lanes.set(lane, at);
    if (step.kind === 'build' || step.kind === 'archive') makers.set(step.version, at);
    return { step, after: [...new Set(before)].sort((a, b) => a - b) };
  });
}
