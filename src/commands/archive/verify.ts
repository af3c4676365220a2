import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';

interface Flags {
  repair?: boolean;
  json?: boolean;
}

export const registerVerifyStore: RegisterCommand = (archive, run) => {
  archive
    .command('verify')
    .description('read everything that the store has of the product; exit 4 when something is missing or damaged')
    .argument('<plan>', 'plan file')
    .option('--repair', 'send again what the folder here has whole')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Read every object of the store': 'release-plan archive verify plan.yml',
        'Send again what is missing or damaged': 'release-plan archive verify plan.yml --repair',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => verifyStore(file, flags, context));
    });
};

const REPAIR = 'Run it with --repair on a host whose folder has these whole: they are sent again.';
const ELSEWHERE = 'The folder here does not have these whole: run it on a host whose folder has.';

async function verifyStore(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../../plan/load.ts');
  const { checkArchiveStore } = await import('../../jobs/archive-store.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const { store, subjects, objects, bytes, problems } = await checkArchiveStore(plan, context, {
    repairs: flags.repair === true,
  });
  const left = problems.filter(({ isRepaired }) => !isRepaired);
  if (flags.json === true) context.out(prettyJson({ schema: 1, store, subjects, objects, bytes, problems }));
  else {
    const { printable } = await import('../../text/printable.ts');
    const { formatBytes } = await import('../../text/bytes.ts');
    for (const { subject, name, problem, isRepaired } of problems)
      context.out(`${isRepaired ? 'repaired' : 'DAMAGED'} ${printable(`${subject}: ${name} ${problem}`)}\n`);
    const verdict = left.length === 0 ? 'whole' : `${left.length} damaged`;
    context.out(`${printable(store)}: ${subjects} names, ${objects} objects, ${formatBytes(bytes)}: ${verdict}\n`);
    if (left.length > 0) context.out(`${flags.repair === true ? ELSEWHERE : REPAIR}\n`);
  }
  return left.length === 0 ? EXIT.ok : EXIT.inconsistent;
}
