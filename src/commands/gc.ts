import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { GcResult } from '../jobs/gc.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { RUN_COMMANDS_FLAG } from './run-commands.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';
import { prettyJson } from '../text/pretty-json.ts';

interface Flags {
  dryRun?: boolean;
  yes?: boolean;
  published?: boolean;
  wait?: string | boolean;
  runCommands?: boolean;
  json?: boolean;
}

export const registerGc: RegisterCommand = (program, run) => {
  program
    .command('gc')
    .description("move versions that the plan's retention no longer keeps to the trash, and delete what expired there")
    .argument('<plan>', 'plan file')
    .option('--dry-run', 'print what would be removed or kept, and why')
    .option('--yes', 'remove it')
    .option('--published', 'also remove what was published, which devices may still be offered')
    .option(...WAIT_FLAG)
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Print what would be removed': 'release-plan gc --dry-run plan.yml',
        'Move it to the trash': 'release-plan gc --yes plan.yml',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => collect(file, flags, context));
    });
};

async function collect(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const dryRun = flags.dryRun === true;
  if (dryRun === (flags.yes === true)) {
    throw new ReleasePlanError(
      'usage',
      dryRun ? '--dry-run and --yes cannot be combined' : 'gc needs --dry-run or --yes',
      { hint: 'Run with --dry-run first, then with --yes.' },
    );
  }
  const { requirePlan } = await import('../plan/load.ts');
  const { gc } = await import('../jobs/gc.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const result = await gc(
    plan,
    { ...context, runsCommands: flags.yes === true || flags.runCommands === true },
    { dryRun, waitMs: waitOf(flags.wait), now: new Date(), published: flags.published === true },
  );
  context.out(flags.json === true ? prettyJson(documentOf(result, dryRun)) : await inWords(result, dryRun));
  return result.store?.swept.problem === undefined ? EXIT.ok : EXIT.inconsistent;
}

const documentOf = ({ verdicts, trash, expired, store }: GcResult, dryRun: boolean): object => ({
  schema: 1,
  dryRun,
  verdicts: verdicts.map(({ of: _of, ...rest }) => rest),
  ...(trash === undefined ? {} : { trash }),
  expired: expired.map((one) => one.dir),
  ...(store === undefined ? {} : { store }),
});

async function inWords({ verdicts, trash, expired, store }: GcResult, dryRun: boolean): Promise<string> {
  const { formatBytes } = await import('../text/bytes.ts');
  const { printable } = await import('../text/printable.ts');
  const { formatRows } = await import('../text/rows.ts');
  const removed = verdicts.filter((one) => one.verdict === 'remove');
  const bytes = removed.reduce((sum, one) => sum + one.sizeBytes, 0);
  const would = dryRun ? 'would be ' : '';
  return [
    formatRows(
      verdicts.map(({ verdict, subject, why, sizeBytes }) => [
        `${verdict.padEnd(6)} ${subject}`,
        `${why}${verdict === 'remove' ? `; ${formatBytes(sizeBytes)}` : ''}`,
      ]),
    ),
    removed.length === 0
      ? 'nothing to remove\n'
      : `${removed.length} ${would}moved to the trash, ` +
        `${formatBytes(bytes)}${trash === undefined ? '' : `: ${printable(trash)}`}\n`,
    ...expired.map(({ dir }) => `${would}deleted: ${printable(dir)}\n`),
    ...storeInWords(store, would, formatBytes).map((line) => `${printable(line)}\n`),
  ].join('');
}

function storeInWords(store: GcResult['store'], would: string, formatBytes: (bytes: number) => string): string[] {
  if (store === undefined) return [];
  const { address, removed, emptied, swept } = store;
  return [
    removed.length === 0
      ? `${address}: nothing to remove`
      : `${address}: ${would}moved to its trash: ${removed.join(', ')}`,
    ...(emptied.length === 0 ? [] : [`${address}: ${would}deleted from its trash: ${emptied.join(', ')}`]),
    ...(swept.objects === 0
      ? []
      : [`${address}: ${would}deleted: ${swept.objects} objects that nothing needs, ${formatBytes(swept.bytes)}`]),
    ...(swept.uploads === 0 ? [] : [`${address}: ${swept.uploads} unfinished uploads given up`]),
  ];
}
