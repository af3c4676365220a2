import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan, PlannedVersion } from '../core/plan.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  stdout?: boolean;
}

export const registerRender: RegisterCommand = (program, run) => {
  program
    .command('render')
    .description('write the kas override of each version, and print the kas commands that use them')
    .argument('<plan>', 'plan file')
    // Not `--version V`: that is the program's own, wherever it stands.
    .argument('[version...]', 'versions (default: all in the plan)')
    .option('--stdout', 'print the overrides instead of writing them')
    .addHelpText(
      ...examples({
        'Write the overrides of all versions': 'release-plan render plan.yml',
        'Print the override of one version': 'release-plan render --stdout plan.yml 0.2.0',
      }),
    )
    .action(async (plan: string, versions: string[], flags: Flags) => {
      await run((context) => render(plan, versions, { stdout: flags.stdout === true }, context));
    });
};

/** Writes the overrides, or prints them. */
export async function render(
  file: string,
  versions: readonly string[],
  { stdout }: { stdout: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { suggestion } = await import('../text/suggest.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  if (plan.kas === undefined)
    throw new ReleasePlanError('usage', `${file} has no kas section, so there is nothing to render`);
  const planned =
    versions.length === 0
      ? plan.versions
      : versions.map((version) => {
          const found = plan.versions.find((one) => one.version === version);
          if (found !== undefined) return found;
          throw new ReleasePlanError('usage', `${file} has no version ${JSON.stringify(version)}`, {
            hint: suggestion(
              version,
              plan.versions.map((one) => one.version),
              'versions',
            ),
          });
        });
  if (stdout) await printOverrides(plan.kas.override, planned, context);
  else await writeOverrides(plan, plan.kas, planned, context);
  return EXIT.ok;
}

async function printOverrides(id: string, planned: readonly PlannedVersion[], context: CommandContext): Promise<void> {
  const { renderOverride } = await import('../kas/render.ts');
  context.document(planned.map(({ version }) => renderOverride({ id, version })).join('---\n'));
}

async function writeOverrides(
  plan: Plan,
  kas: NonNullable<Plan['kas']>,
  planned: readonly PlannedVersion[],
  context: CommandContext,
): Promise<void> {
  const { chainOf } = await import('../kas/chain.ts');
  const { writeOverride } = await import('../kas/override.ts');
  const lines: string[] = [];
  for (const { version, kas: versionFiles } of planned) {
    const override = await writeOverride(
      { planDir: plan.dir, config: kas.config, workDir: kas.workDir },
      { id: kas.override, version },
    );
    const { argument } = await chainOf({ config: kas.config, versionFiles, override, workDir: kas.workDir });
    lines.push(`${kas.command} build ${argument}`);
  }
  context.out(`# run in ${kas.workDir}\n${lines.join('\n')}\n`);
}
