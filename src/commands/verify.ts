import { EXIT } from '../codes.ts';
import type { RegisterCommand } from './host.ts';

interface Flags {
  json?: boolean;
}

export const registerVerify: RegisterCommand = (program, run) => {
  program
    .command('verify')
    .description('everything archived against manifests, images and the public key; exit 4 when a check fails')
    .argument('<plan>', 'plan file')
    .option('--json', 'the report as one JSON document on stdout')
    .action(async (file: string, flags: Flags) => {
      await run(async (context) => {
        const { requirePlan } = await import('../plan/load.ts');
        const { verify } = await import('../steps/verify.ts');
        const { summaryTable } = await import('../report/formats/summary.ts');
        const { plan } = await requirePlan(file, { cwd: context.cwd });
        const report = await verify(plan, context);
        context.out(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : summaryTable(report));
        return report.consistent ? EXIT.ok : EXIT.inconsistent;
      });
    });
};
