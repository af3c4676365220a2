import { EXIT, type ExitCode } from '../core/codes/index.ts';
import type { Step } from '../core/step.ts';
import type { RegisterCommand } from './host.ts';
import { RUN_COMMANDS_FLAG, noteUnasked, type LookingContext } from './run-commands.ts';
import { examples } from './examples.ts';
import { loadPlans } from './plans.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { printable } from '../text/printable.ts';

interface Flags {
  json?: boolean;
  against?: string;
  runCommands?: boolean;
}

export const registerPlan: RegisterCommand = (program, run) => {
  program
    .command('plan')
    .description('print the steps that apply would take, and the reason for each')
    .argument('<plan...>', 'plan files, folders of plans, or globs')
    .option(
      '--against <revision>',
      'print what changed since this git revision or file of the plan, and what that causes',
    )
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Print what is left to do': 'release-plan plan plan.yml',
        'Print what a merge request would cause': 'release-plan plan --against origin/main plan.yml',
      }),
    )
    .action(async (plans: string[], { against, json = false, runCommands = false }: Flags) => {
      await run((given) => {
        const context = { ...given, runsCommands: runCommands };
        return against === undefined
          ? printSteps(plans, { json }, context)
          : printComparison(plans, against, { json }, context);
      });
    });
};

/** Prints what the change since a revision would cause; changes nothing. */
async function printComparison(
  plans: readonly string[],
  against: string,
  { json }: { json: boolean },
  context: LookingContext,
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
  context: LookingContext,
): Promise<ExitCode> {
  const { shortPath } = await import('../plan/source-text.ts');
  const { deliveryOf } = await import('../delivery/index.ts');
  const { readInputs } = await import('../delivery/inputs.ts');
  const { rememberedReading } = await import('../jobs/remembered.ts');
  const { lookIntoStore } = await import('../hosts/store/session.ts');
  const { stepsOf } = await import('../jobs/report.ts');
  const { requireReadable } = await import('../archive/readable.ts');
  const { titleOf } = await import('../core/step.ts');
  const documents: object[] = [];
  for (const plan of await loadPlans(plans, context)) {
    const file = printable(shortPath(plan.file, context.cwd));
    await lookIntoStore(plan, context);
    const reading = await rememberedReading(plan, context);
    const snapshot = await deliveryOf(plan).survey(await readInputs(plan, context), context, { reading });
    requireReadable(snapshot.archive);
    const { isFleetUnasked } = snapshot.inputs;
    noteUnasked(isFleetUnasked, context);
    const steps = stepsOf(snapshot);
    if (json)
      documents.push({
        plan: plan.file,
        // Null: nobody knows who needs what, and a gate must not take that for nobody.
        ...(isFleetUnasked ? { fleet: null } : {}),
        steps: steps.map((step) => ({ title: titleOf(step), ...step })),
      });
    else if (steps.length === 0)
      context.out(`${file}: nothing to do: everything in the plan exists and is verified.\n`);
    else {
      context.out(`${file}: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}\n`);
      const width = Math.max(...steps.map((step) => titleOf(step).length));
      for (const step of steps)
        context.out(`  ${printable(`${titleOf(step).padEnd(width)}  ${step.why}${blockedNote(step)}`)}\n`);
    }
  }
  if (json) context.out(prettyJson({ schema: 1, plans: documents }));
  return EXIT.ok;
}

const blockedNote = (step: Step): string =>
  !('blocked' in step) || step.blocked === undefined ? '' : `; BLOCKED: ${step.blocked.join('; ')}`;
