import { EXIT, type ExitCode } from '../codes.ts';
import type { Step } from '../model.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  json?: boolean;
}

export const registerPlan: RegisterCommand = (program, run) => {
  program
    .command('plan')
    .description('print the steps that apply would take, and why each')
    .argument('<plan...>', 'plan files')
    .option('--json', 'one JSON document on stdout')
    .action(async (plans: string[], flags: Flags) => {
      await run((context) => printSteps(plans, { json: flags.json === true }, context));
    });
};

/** Prints what apply would do; changes nothing. */
export async function printSteps(plans: readonly string[], { json }: { json: boolean }, context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { assess } = await import('../steps/assess.ts');
  const { titleOf } = await import('../steps/session.ts');
  const documents: object[] = [];
  for (const file of plans) {
    const { plan } = await requirePlan(file, { cwd: context.cwd });
    const { steps } = await assess(plan, context.env, { signal: context.signal });
    if (json) documents.push({ plan: plan.file, steps: steps.map((step) => ({ title: titleOf(step), ...step })) });
    else if (steps.length === 0) context.out(`${file}: nothing to do, everything in the plan is true already.\n`);
    else {
      context.out(`${file}: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}\n`);
      const width = Math.max(...steps.map((step) => titleOf(step).length));
      for (const step of steps) context.out(`  ${titleOf(step).padEnd(width)}  ${step.why}${blockedNote(step)}\n`);
    }
  }
  if (json) context.out(`${JSON.stringify({ schema: 1, plans: documents }, null, 2)}\n`);
  return EXIT.ok;
}

const blockedNote = (step: Step): string => (!('blocked' in step) || step.blocked === undefined ? '' : `; BLOCKED: ${step.blocked.join('; ')}`);
