import { EXIT, type ExitCode } from '../core/codes.ts';
import type { Step } from '../core/step.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { loadPlans } from './plans.ts';
import { prettyJson } from '../text/json.ts';

interface Flags {
  json?: boolean;
  against?: string;
}

export const registerPlan: RegisterCommand = (program, run) => {
  program
    .command('plan')
    .description('print the steps that apply would take, and why each')
    .argument('<plan...>', 'plan files, folders with plans, or globs')
    .option(
      '--against <revision>',
      'what a merge would cause: the plan now, against itself in a git revision or a file',
    )
    .option('--json', 'one JSON document on stdout')
    .action(async (plans: string[], { against, json = false }: Flags) => {
      await run((context) =>
        against === undefined
          ? printSteps(plans, { json }, context)
          : printComparison(plans, against, { json }, context),
      );
    });
};

/** Prints what the change since a revision would cause; changes nothing. */
async function printComparison(
  plans: readonly string[],
  against: string,
  { json }: { json: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { compareAgainst } = await import('../jobs/compare.ts');
  const { againstText } = await import('./against-text.ts');
  const documents: object[] = [];
  for (const file of plans) {
    const { plan } = await requirePlan(file, { cwd: context.cwd });
    const { comparison, notes } = await compareAgainst(plan, against, context);
    if (json) documents.push({ plan: plan.file, against, ...comparison, notes });
    else context.out(againstText(`${file} against ${against}, if it is merged:`, comparison, notes));
  }
  if (json) context.out(prettyJson({ schema: 1, plans: documents }));
  return EXIT.ok;
}

/** Prints what apply would do; changes nothing. */
export async function printSteps(
  plans: readonly string[],
  { json }: { json: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { shortPath } = await import('../plan/source-text.ts');
  const { deliveryOf } = await import('../delivery/index.ts');
  const { readInputs } = await import('../delivery/inputs.ts');
  const { stepsOf } = await import('../jobs/report.ts');
  const { requireReadable } = await import('../archive/readable.ts');
  const { titleOf } = await import('../core/step.ts');
  const documents: object[] = [];
  for (const plan of await loadPlans(plans, context)) {
    const file = shortPath(plan.file, context.cwd);
    const snapshot = await deliveryOf(plan).survey(await readInputs(plan, context.signal), context);
    requireReadable(snapshot.archive);
    const steps = stepsOf(snapshot);
    if (json) documents.push({ plan: plan.file, steps: steps.map((step) => ({ title: titleOf(step), ...step })) });
    else if (steps.length === 0) context.out(`${file}: nothing to do, everything in the plan is true already.\n`);
    else {
      context.out(`${file}: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}\n`);
      const width = Math.max(...steps.map((step) => titleOf(step).length));
      for (const step of steps) context.out(`  ${titleOf(step).padEnd(width)}  ${step.why}${blockedNote(step)}\n`);
    }
  }
  if (json) context.out(prettyJson({ schema: 1, plans: documents }));
  return EXIT.ok;
}

const blockedNote = (step: Step): string =>
  !('blocked' in step) || step.blocked === undefined ? '' : `; BLOCKED: ${step.blocked.join('; ')}`;
