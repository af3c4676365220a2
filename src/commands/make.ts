import type { ExitCode } from '../core/codes/index.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

export const registerMake: RegisterCommand = (program, run) => {
  program
    .command('make')
    .description('make single steps of a plan, as jobs of `pipeline` do; `apply` does the rest')
    .argument('<plan>', 'plan file')
    .argument('<step...>', 'build:VERSION, full:VERSION or delta:FROM:TO:ENGINE')
    .addHelpText(
      ...examples({
        'Build and archive a version': 'release-plan make plan.yml build:0.3.0',
        'Make two deltas': 'release-plan make plan.yml delta:0.1.0:0.3.0:rdiff delta:0.2.0:0.3.0:rdiff',
      }),
    )
    .action(async (plan: string, steps: string[]) => {
      await run(async (context) => await make(plan, steps, context));
    });
};

async function make(file: string, words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { stepsOfText } = await import('../hosts/pipeline/step-text.ts');
  const { makeSteps } = await import('../jobs/make.ts');
  const groups = [...new Set(words)].map(stepsOfText);
  const { plan, diagnostics } = await requirePlan(file, { cwd: context.cwd });
  context.diagnostics(diagnostics);
  return (await makeSteps(plan, groups, context)).exitCode;
}
