import { defaultEngine } from '../complete.ts';
import type { Finding } from '../finding.ts';
import { numbered, present, type PlanSource } from '../source.ts';

/** Each delta's engine suits the plan and finds what it needs in it. */
export function enginesHaveWhatTheyNeed(plan: PlanSource): Finding[] {
  const findings = numbered(plan.deltas).flatMap(([index, delta]) => {
    const problem = problemOf(plan, delta.engine ?? defaultEngine(plan));
    return problem === undefined
      ? []
      : [{ code: 'engine-unsuited' as const, at: ['deltas', index, 'engine'], ...problem }];
  });
  return [...findings, ...wholeImagesOnly(plan)];
}

function problemOf(plan: PlanSource, engine: string): { message: string; hint: string } | undefined {
  const isOstree = 'ostree' in plan;
  if (engine === 'ostree' && !isOstree)
    return {
      message: 'the engine ostree needs an "ostree" section in the plan',
      hint: 'Write `ostree: { repo: ..., branch: ... }`, or use the engine rdiff.',
    };
  if (engine !== 'ostree' && isOstree)
    return {
      message: `the engine ${engine} makes deltas of partition images; an OSTree plan has none`,
      hint: 'Leave the engine out: it is ostree here.',
    };
  if (engine === 'kas' && !('delta_config' in (plan.kas ?? {})))
    return {
      message: 'the engine kas needs "kas.delta_config": the kas file that makes the delta',
      hint: 'Add it, or use the engine rdiff.',
    };
  return undefined;
}

function wholeImagesOnly(plan: PlanSource): Finding[] {
  const partitions = present(plan.partitions);
  if (
    partitions.length === 0 ||
    present(plan.deltas).length === 0 ||
    partitions.some((one) => 'delta' in one && one.delta !== 'none')
  )
    return [];
  return [
    {
      code: 'engine-unsuited',
      severity: 'warning',
      at: ['deltas'],
      on: 'key',
      message: 'no partition has `delta: rdiff`: every update holds whole images',
      hint: 'Write `delta: rdiff` for the partitions that are read-only.',
    },
  ];
}
