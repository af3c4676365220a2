import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { CommandContext } from '../host.ts';

/** Names that are looked for, in this order. */
const NAMES = ['release-plan.yml', 'plan.yml'] as const;

/** The plan of a `targets` command: the one that is given, or the nearest upward from the working directory. */
export async function planOf(given: string | undefined, context: CommandContext): Promise<Plan> {
  const { requirePlan } = await import('../../plan/load.ts');
  const { plan } = await requirePlan(given ?? nearestPlan(context.cwd), { cwd: context.cwd });
  return plan;
}

/** @throws ReleasePlanError `plan-not-found` when no folder upward has one */
export function nearestPlan(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (dirname(folder) === folder)
      throw new ReleasePlanError('plan-not-found', `no ${NAMES.join(' or ')} in ${cwd} or above it`, {
        hint: 'Pass the plan with --plan PLAN.',
      });
  }
}
