import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Repair } from '../delivery/delivery.ts';
import type { Verification } from '../jobs/verify.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { RUN_COMMANDS_FLAG, noteUnasked } from './run-commands.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';
import { prettyJson } from '../text/pretty-json.ts';

interface Flags {
  deep?: boolean;
  repair?: boolean;
  signManifests?: boolean;
  wait?: string | boolean;
  runCommands?: boolean;
  json?: boolean;
}

export const registerVerify: RegisterCommand = (program, run) => {
  program
    .command('verify')
    .description('check the archive against its manifests and the public key; exit 4 when a check fails')
    .argument('<plan>', 'plan file')
    .option('--deep', 'also apply every delta to its base and compare the result with the target')
    .option('--repair', 'make damaged files again where possible, and list the others')
    .option('--sign-manifests', 'sign manifests that were archived without a signature, after a full check')
    .option(WAIT_FLAG[0], `with --repair: ${WAIT_FLAG[1]}`)
    .option('--json', 'print the report as one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Check every archived file and signature': 'release-plan verify plan.yml',
        'Also prove every delta again': 'release-plan verify --deep plan.yml',
        'Make damaged updates again': 'release-plan verify --repair plan.yml',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => verifyPlan(file, flags, context));
    });
};

async function verifyPlan(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  if (flags.wait !== undefined && flags.repair !== true && flags.signManifests !== true)
    throw new ReleasePlanError('usage', '--wait requires --repair: verify alone takes no lock');
  if (flags.repair === true && flags.signManifests === true)
    throw new ReleasePlanError('usage', 'verify takes --repair or --sign-manifests, not both', {
      hint: 'Repair first; only what is whole is signed.',
    });
  const { requirePlan } = await import('../plan/load.ts');
  const { verify } = await import('../jobs/verify.ts');
  const { verifyAndRepair } = await import('../jobs/repair.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const deep = flags.deep === true;
  const looking = { ...context, runsCommands: flags.runCommands === true };
  const { verifyAndSign } = await import('../jobs/sign-manifests.ts');
  const found: Verification & { repairs?: Repair[]; signed?: string[] } =
    flags.signManifests === true
      ? await verifyAndSign(plan, looking, { deep, waitMs: waitOf(flags.wait) })
      : flags.repair === true
        ? await verifyAndRepair(plan, looking, { deep, waitMs: waitOf(flags.wait) })
        : await verify(plan, looking, { deep });
  noteUnasked(found.snapshot.inputs.isFleetUnasked, context);
  if (flags.json === true)
    context.out(
      prettyJson({
        ...found.report,
        ...(found.unreadable.length === 0 ? {} : { unreadable: found.unreadable }),
        ...(found.repairs === undefined ? {} : { repairs: found.repairs }),
        ...(found.signed === undefined ? {} : { signed: found.signed }),
      }),
    );
  else await print(found, context);
  if (found.unreadable.length > 0) return EXIT.environment;
  return found.report.consistent ? EXIT.ok : EXIT.inconsistent;
}

async function print(
  { report, repairs = [], signed = [] }: Verification & { repairs?: Repair[]; signed?: string[] },
  context: CommandContext,
): Promise<void> {
  const { printable } = await import('../text/printable.ts');
  const { summaryTable } = await import('../report/summary.ts');
  for (const { what, result, detail } of repairs)
    context.out(`${result === 'repaired' ? 'repaired' : 'NOT REPAIRABLE'} ${printable(`${what}: ${detail}`)}\n`);
  for (const path of signed) context.out(`signed ${printable(path)}\n`);
  context.out(summaryTable(report));
}
