import { InvalidPlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { CommandContext } from './host.ts';

/**
 * The plans that a command's arguments mean: files, folders and globs. All are
 * checked before the first is acted on, which may take hours; warnings are shown.
 *
 * @throws InvalidPlanError for an argument that means no plan, or a plan with errors
 */
export async function loadPlans(args: readonly string[], context: CommandContext): Promise<Plan[]> {
  const { findPlans } = await import('../plan/find.ts');
  const { requirePlan } = await import('../plan/load.ts');
  const { files, diagnostics } = await findPlans(args, context.cwd);
  if (diagnostics.some((one) => one.severity === 'error')) throw new InvalidPlanError(diagnostics);
  const plans: Plan[] = [];
  for (const file of files) {
    const loaded = await requirePlan(file, { cwd: context.cwd });
    context.diagnostics(loaded.diagnostics);
    plans.push(loaded.plan);
  }
  return plans;
}
