import { EXIT } from '../core/codes.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { RegisterCommand } from './host.ts';

interface Flags {
  format: string;
}

export const registerReport: RegisterCommand = (program, run) => {
  program
    .command('report')
    .description('the consistency report again, on stdout; exit 4 when a check fails')
    .argument('<plan>', 'plan file')
    .option('--format <name>', 'json, markdown or html', 'markdown')
    .action(async (file: string, flags: Flags) => {
      await run(async (context) => {
        const { requirePlan } = await import('../plan/load.ts');
        const { deliveryOf } = await import('../delivery/index.ts');
        const { readInputs } = await import('../delivery/inputs.ts');
        const { reportOf } = await import('../jobs/report.ts');
        const { unreadableOf } = await import('../archive/readable.ts');
        const { reportFormats } = await import('../report/registry.ts');
        const format = reportFormats.find((one) => one.name === flags.format);
        if (format === undefined) {
          throw new ReleasePlanError('usage', `there is no report format ${JSON.stringify(flags.format)}`, {
            hint: `Use ${reportFormats.map((one) => one.name).join(' or ')}.`,
          });
        }
        const { plan } = await requirePlan(file, { cwd: context.cwd });
        const snapshot = await deliveryOf(plan).survey(await readInputs(plan, context.signal), context);
        const report = reportOf(snapshot);
        context.out(format.render(report));
        if (unreadableOf(snapshot.archive).length > 0) return EXIT.environment;
        return report.consistent ? EXIT.ok : EXIT.inconsistent;
      });
    });
};
