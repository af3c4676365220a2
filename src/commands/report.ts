import { dirname, resolve } from 'node:path';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { ReportFormat } from '../report/format.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { loadPlans } from './plans.ts';
import { RUN_COMMANDS_FLAG, noteUnasked, type LookingContext } from './run-commands.ts';

interface Flags {
  format?: string;
  json?: boolean;
  index?: boolean;
  output?: string;
  runCommands?: boolean;
}

export const registerReport: RegisterCommand = (program, run) => {
  program
    .command('report')
    .description('print the consistency report; exit 4 when a check fails')
    .argument('<plan...>', 'plan file; with --index: plan files, folders of plans, or globs')
    .option('--format <name>', 'output format; markdown unless given, html with --index')
    .option('--json', 'as --format json')
    .option('--index', 'a front page over several plans, from the reports that their last runs wrote')
    .option('-o, --output <file>', 'write to this file; links of a page are relative to it')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Print the report as Markdown': 'release-plan report plan.yml',
        'Write a page for people': 'release-plan report --format html --output report.html plan.yml',
        'Write a front page over all plans of a folder': 'release-plan report --index --output index.html plans/',
      }),
    )
    .action(async (plans: string[], flags: Flags) => {
      await run(async (given) => {
        const context = { ...given, runsCommands: flags.runCommands === true };
        return flags.index === true
          ? await printIndex(plans, flags, context)
          : await printReport(plans, flags, context);
      });
    });
};

async function printReport(files: readonly string[], flags: Flags, context: LookingContext): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { deliveryOf } = await import('../delivery/index.ts');
  const { readInputs } = await import('../delivery/inputs.ts');
  const { rememberedReading } = await import('../jobs/remembered.ts');
  const { lookIntoStore } = await import('../hosts/store/session.ts');
  const { reportOf } = await import('../jobs/report.ts');
  const { pageFacts } = await import('../jobs/report-page.ts');
  const { unreadableOf } = await import('../archive/readable.ts');
  const format = await formatOf(flags, 'markdown');
  const [file = ''] = files;
  if (files.length > 1)
    throw new ReleasePlanError('usage', `report takes one plan, not ${files.length}`, {
      hint: '`release-plan report --index` makes a front page over several.',
    });
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  await lookIntoStore(plan, context);
  const snapshot = await deliveryOf(plan).survey(await readInputs(plan, context), context, {
    reading: await rememberedReading(plan, context),
  });
  noteUnasked(snapshot.inputs.isFleetUnasked, context);
  const report = reportOf(snapshot);
  await print(format.render(report, await pageFacts(snapshot, report, folderOf(flags, context))), flags, context);
  if (unreadableOf(snapshot.archive).length > 0) return EXIT.environment;
  return report.consistent ? EXIT.ok : EXIT.inconsistent;
}

async function printIndex(files: readonly string[], flags: Flags, context: LookingContext): Promise<ExitCode> {
  const { indexRows } = await import('../jobs/report-index.ts');
  const { indexPage, indexDocument, stateOf } = await import('../report/page/index-page.ts');
  const { name } = await formatOf(flags, 'html');
  if (name === 'markdown')
    throw new ReleasePlanError('usage', '--index has no form in Markdown', { hint: 'Use --format html or json.' });
  const rows = await indexRows(await loadPlans(files, context), folderOf(flags, context), context.cwd);
  await print(name === 'html' ? indexPage(rows) : prettyJson(indexDocument(rows)), flags, context);
  return rows.every((row) => stateOf(row) === 'go') ? EXIT.ok : EXIT.inconsistent;
}

const folderOf = ({ output }: Flags, { cwd }: CommandContext): string | undefined =>
  output === undefined ? undefined : dirname(resolve(cwd, output));

async function print(text: string, { output }: Flags, context: CommandContext): Promise<void> {
  if (output === undefined) return context.document(text);
  const { writeFileAtomic } = await import('../io/atomic.ts');
  await writeFileAtomic(resolve(context.cwd, output), text);
}

/** @throws ReleasePlanError `usage` */
async function formatOf({ format: given, json }: Flags, usual: string): Promise<ReportFormat> {
  const { reportFormats } = await import('../report/registry.ts');
  const { suggestion } = await import('../text/suggest.ts');
  if (json === true && given !== undefined && given !== 'json')
    throw new ReleasePlanError('usage', `--json and --format ${given} cannot be combined`, {
      hint: 'Pass one of them.',
    });
  const name = json === true ? 'json' : (given ?? usual);
  const format = reportFormats.find((one) => one.name === name);
  if (format !== undefined) return format;
  const known = reportFormats.map((one) => one.name);
  throw new ReleasePlanError('usage', `unknown report format ${JSON.stringify(name)}`, {
    hint: suggestion(name, known, 'formats'),
  });
}
