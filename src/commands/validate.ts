import { CODES, EXIT, type ExitCode } from '../core/codes/index.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { counted } from '../text/count.ts';
import type { LoadedPlan } from '../plan/load.ts';
import { PRETTY } from './choices.ts';
import { examples } from './examples.ts';
import type { DiagnosticFormat, Findings } from '../report/diagnostics/format.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { RUN_COMMANDS_FLAG, type LookingContext } from './run-commands.ts';

interface Flags {
  format: string;
  strict?: boolean;
  files: boolean;
  withArchive?: boolean;
  runCommands?: boolean;
}

export const registerValidate: RegisterCommand = (program, run) => {
  program
    .command('validate')
    .description('check plans before they are merged; requires no kas, no network and no keys')
    .argument('<plan...>', 'plan files, folders of plans, or globs')
    .option('--format <name>', 'output format', PRETTY)
    .option('--strict', 'treat warnings as errors')
    .option('--no-files', 'do not check that the files named in a plan exist')
    .option(
      '--with-archive',
      'also check against the archive and the fleet; reads every archived file that the plan refers to',
    )
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Check one plan': 'release-plan validate plan.yml',
        'Annotate a GitHub pull request': 'release-plan validate --strict --format github plans/',
        'Check against the archive and the fleet before a release': 'release-plan validate --with-archive plan.yml',
      }),
    )
    .action(async (args: string[], flags: Flags) => {
      await run((context) => validate(args, flags, context));
    });
};

/** Checks every plan and tells all problems of all of them in one go. */
export async function validate(args: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { findPlans } = await import('../plan/find.ts');
  const { loadPlan } = await import('../plan/load.ts');
  const { shortPath } = await import('../plan/source-text.ts');
  const format = flags.format === PRETTY ? undefined : await formatNamed(flags.format);

  const { files, diagnostics } = await findPlans(args, context.cwd);
  const found: Diagnostic[] = [...diagnostics];
  for (const file of files) {
    context.signal.throwIfAborted();
    const loaded = await loadPlan(file, { cwd: context.cwd, checkFiles: flags.files });
    const archived =
      flags.withArchive === true
        ? await archiveDiagnostics(loaded, { ...context, runsCommands: flags.runCommands === true })
        : [];
    found.push(...loaded.diagnostics.filter((one) => !archived.some((other) => isSamePlace(one, other))), ...archived);
  }

  if (format === undefined) {
    context.diagnostics(found);
    context.out(`${summary(files.length, found)}\n`);
  } else {
    const shown = { files: files.map((file) => shortPath(file, context.cwd)), diagnostics: found };
    context.document(format.render(format.paths === 'folder' ? shown : await fromRepository(shown, context.cwd)));
  }
  const failing = flags.strict === true ? found : found.filter((one) => one.severity === 'error');
  return exitCodeOf(failing);
}

/** What the plan's text lets one suppose of an image, its archived bytes tell exactly. */
const isSamePlace = (a: Diagnostic, b: Diagnostic): boolean =>
  a.code === b.code && a.where?.line === b.where?.line && a.where?.column === b.where?.column;

/** What the archive and the fleet say of a sound plan. */
async function archiveDiagnostics({ plan, locate }: LoadedPlan, context: LookingContext): Promise<Diagnostic[]> {
  if (plan === undefined) return [];
  const { bounded } = await import('../plan/parse.ts');
  const { deliveryOf } = await import('../delivery/index.ts');
  const { readInputs } = await import('../delivery/inputs.ts');
  const { rememberedReading } = await import('../jobs/remembered.ts');
  const { lookIntoStore } = await import('../hosts/store/session.ts');
  await lookIntoStore(plan, context);
  const reading = { signal: context.signal, ...(await rememberedReading(plan, context)) };
  return bounded(await deliveryOf(plan).findings(await readInputs(plan, context), reading), locate);
}

/** A wrong plan comes first; an archive that does not suit a sound plan, or cannot be read, is no fault of its text. */
function exitCodeOf(failing: readonly Diagnostic[]): ExitCode {
  if (failing.length === 0) return EXIT.ok;
  const exits = new Set(
    failing.map((one): ExitCode =>
      one.code === 'archive-unreadable'
        ? EXIT.environment
        : CODES[one.code].exit === EXIT.inconsistent
          ? EXIT.inconsistent
          : EXIT.usage,
    ),
  );
  return [EXIT.usage, EXIT.environment].find((one) => exits.has(one)) ?? EXIT.inconsistent;
}

/** Paths as a platform knows them: from the root of the repository that each file is in. */
async function fromRepository({ files, diagnostics }: Findings, cwd: string): Promise<Findings> {
  const { dirname, relative, resolve } = await import('node:path');
  const { gitRootOf } = await import('../plan/rules/project.ts');
  const known = new Map<string, string>();
  for (const file of new Set([
    ...files,
    ...diagnostics.flatMap(({ where }) => (where === undefined ? [] : [where.file])),
  ])) {
    const root = await gitRootOf(dirname(resolve(cwd, file)));
    known.set(file, root === undefined ? file : relative(root, resolve(cwd, file)));
  }
  const moved = (file: string): string => known.get(file) ?? file;
  return {
    files: files.map(moved),
    diagnostics: diagnostics.map((one) =>
      one.where === undefined ? one : { ...one, where: { ...one.where, file: moved(one.where.file) } },
    ),
  };
}

async function formatNamed(name: string): Promise<DiagnosticFormat> {
  const { diagnosticFormats } = await import('../report/diagnostics/registry.ts');
  const found = diagnosticFormats.find((one) => one.name === name);
  if (found !== undefined) return found;
  const { suggestion } = await import('../text/suggest.ts');
  throw new ReleasePlanError('usage', `unknown format ${JSON.stringify(name)}`, {
    hint: suggestion(name, [PRETTY, ...diagnosticFormats.map((one) => one.name)], 'formats'),
  });
}

function summary(plans: number, found: readonly Diagnostic[]): string {
  const errors = found.filter((one) => one.severity === 'error').length;
  const verdict =
    found.length === 0 ? 'no problems' : `${counted(errors, 'error')}, ${counted(found.length - errors, 'warning')}`;
  return `${counted(plans, 'plan')} checked: ${verdict}`;
}
