import { EXIT, type ExitCode } from '../core/codes.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Repair } from '../delivery/delivery.ts';
import type { Verification } from '../jobs/verify.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';
import { prettyJson } from '../text/json.ts';

interface Flags {
  deep?: boolean;
  repair?: boolean;
  wait?: string | boolean;
  json?: boolean;
}

export const registerVerify: RegisterCommand = (program, run) => {
  program
    .command('verify')
    .description('everything archived against manifests and the public key; exit 4 when a check fails')
    .argument('<plan>', 'plan file')
    .option('--deep', 'apply every delta to its base and compare with the target, too')
    .option('--repair', 'make again what can be made again; say what cannot')
    .option(WAIT_FLAG[0], `with --repair: ${WAIT_FLAG[1]}`)
    .option('--json', 'the report as one JSON document on stdout')
    .action(async (file: string, flags: Flags) => {
      await run((context) => verifyPlan(file, flags, context));
    });
};

async function verifyPlan(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  if (flags.wait !== undefined && flags.repair !== true)
    throw new ReleasePlanError('usage', '--wait goes with --repair: verify alone takes no lock');
  const { requirePlan } = await import('../plan/load.ts');
  const { verify } = await import('../jobs/verify.ts');
  const { verifyAndRepair } = await import('../jobs/repair.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const deep = flags.deep === true;
  const found: Verification & { repairs?: Repair[] } =
    flags.repair === true
      ? await verifyAndRepair(plan, context, { deep, waitMs: waitOf(flags.wait) })
      : await verify(plan, context, { deep });
  if (flags.json === true)
    context.out(
      prettyJson({
        ...found.report,
        ...(found.unreadable.length === 0 ? {} : { unreadable: found.unreadable }),
        ...(found.repairs === undefined ? {} : { repairs: found.repairs }),
      }),
    );
  else await print(found, context);
  if (found.unreadable.length > 0) return EXIT.environment;
  return found.report.consistent ? EXIT.ok : EXIT.inconsistent;
}

async function print(
  { report, repairs = [] }: Verification & { repairs?: Repair[] },
  context: CommandContext,
): Promise<void> {
  const { summaryTable } = await import('../report/summary.ts');
  for (const { what, result, detail } of repairs)
    context.out(`${result === 'repaired' ? 'repaired' : 'BEYOND REPAIR'} ${what}: ${detail}\n`);
  context.out(summaryTable(report));
}
