import { EXIT } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { examples } from './examples.ts';
import type { RegisterCommand } from './host.ts';
import { RUN_COMMANDS_FLAG, noteUnasked } from './run-commands.ts';

interface Flags {
  format: string;
  runCommands?: boolean;
}

export const registerReport: RegisterCommand = (program, run) => {
  program
    .command('report')
    .description('print the consistency report; exit 4 when a check fails')
    .argument('<plan>', 'plan file')
    .option('--format <name>', 'output format', 'markdown')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Print the report as Markdown': 'release-plan report plan.yml',
        'Write a page for people': 'release-plan report --format html plan.yml > report.html',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run(async (context) => {
        const { requirePlan } = await import('../plan/load.ts');
        const { deliveryOf } = await import('../delivery/index.ts');
        const { readInputs } = await import('../delivery/inputs.ts');
        const { rememberedReading } = await import('../jobs/remembered.ts');
        const { reportOf } = await import('../jobs/report.ts');
        const { unreadableOf } = await import('../archive/readable.ts');
        const { reportFormats } = await import('../report/registry.ts');
        const { suggestion } = await import('../text/suggest.ts');
        const format = reportFormats.find((one) => one.name === flags.format);
        if (format === undefined) {
          throw new ReleasePlanError('usage', `unknown report format ${JSON.stringify(flags.format)}`, {
            hint: suggestion(
              flags.format,
              reportFormats.map((one) => one.name),
              'formats',
            ),
          });
        }
        const { plan } = await requirePlan(file, { cwd: context.cwd });
        const snapshot = await deliveryOf(plan).survey(
          await readInputs(plan, { ...context, runsCommands: flags.runCommands === true }),
          context,
          { reading: await rememberedReading(plan, context) },
        );
        noteUnasked(snapshot.inputs.isFleetUnasked, context);
        const report = reportOf(snapshot);
        context.document(format.render(report));
        if (unreadableOf(snapshot.archive).length > 0) return EXIT.environment;
        return report.consistent ? EXIT.ok : EXIT.inconsistent;
      });
    });
};
