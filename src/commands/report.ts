import { EXIT } from '../core/codes/index.ts';
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
        const { assess } = await import('../delivery/swupdate/survey.ts');
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
        const situation = await assess(plan, context.env, { signal: context.signal });
        const report = reportOf(situation);
        context.out(format.render(report));
        if (unreadableOf(situation).length > 0) return EXIT.environment;
        return report.consistent ? EXIT.ok : EXIT.inconsistent;
      });
    });
};
