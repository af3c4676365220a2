import { CODES, EXIT, type ExitCode } from '../core/codes.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { LoadedPlan } from '../plan/load.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  format: string;
  strict?: boolean;
  files: boolean;
  withArchive?: boolean;
}

/** The format for people: frames on stderr, a line on stdout. */
const PRETTY = 'pretty';

export const registerValidate: RegisterCommand = (program, run) => {
  program
    .command('validate')
    .description('check plans before they are merged; needs no kas, no network and no keys')
    .argument('<plan...>', 'plan files, folders, or globs')
    .option('--format <name>', 'pretty, json, sarif, junit, github or gitlab', PRETTY)
    .option('--strict', 'warnings fail too')
    .option('--no-files', 'do not look for the files that a plan names')
    .option('--with-archive', 'also against the archive and the fleet: reads every byte that the plan refers to')
    .action(async (args: string[], flags: Flags) => {
      await run((context) => validate(args, flags, context));
    });
};

/** Checks every plan and tells all problems of all of them in one go. */
export async function validate(args: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { findPlans } = await import('../plan/find.ts');
  const { loadPlan } = await import('../plan/load.ts');
  const { shortPath } = await import('../plan/source-text.ts');
  const render = flags.format === PRETTY ? undefined : await formatNamed(flags.format);

  const { files, diagnostics } = await findPlans(args, context.cwd);
  const found: Diagnostic[] = [...diagnostics];
  for (const file of files) {
    context.signal.throwIfAborted();
    const loaded = await loadPlan(file, { cwd: context.cwd, checkFiles: flags.files });
    found.push(...loaded.diagnostics);
    if (flags.withArchive === true) found.push(...(await archiveDiagnostics(loaded, context)));
  }

  if (render === undefined) {
    context.diagnostics(found);
    context.out(`${summary(files.length, found)}\n`);
  } else {
    context.out(render({ files: files.map((file) => shortPath(file, context.cwd)), diagnostics: found }));
  }
  const failing = flags.strict === true ? found : found.filter((one) => one.severity === 'error');
  return exitCodeOf(failing);
}

/** What the archive and the fleet say of a sound plan. */
async function archiveDiagnostics({ plan, locate }: LoadedPlan, { signal }: CommandContext): Promise<Diagnostic[]> {
  if (plan === undefined) return [];
  const { bounded } = await import('../plan/parse.ts');
  const { deliveryOf } = await import('../delivery/index.ts');
  const { readInputs } = await import('../delivery/inputs.ts');
  return bounded(await deliveryOf(plan).findings(await readInputs(plan, signal), { signal }), locate);
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

async function formatNamed(name: string) {
  const { diagnosticFormats } = await import('../report/diagnostics/registry.ts');
  const found = diagnosticFormats.find((one) => one.name === name);
  if (found !== undefined) return found.render;
  const { suggestion } = await import('../text/suggest.ts');
  throw new ReleasePlanError('usage', `there is no format ${JSON.stringify(name)}`, {
    hint: suggestion(name, [PRETTY, ...diagnosticFormats.map((one) => one.name)], 'formats'),
  });
}

function summary(plans: number, found: readonly Diagnostic[]): string {
  const errors = found.filter((one) => one.severity === 'error').length;
  const verdict =
    found.length === 0 ? 'no problems' : `${count(errors, 'error')}, ${count(found.length - errors, 'warning')}`;
  return `${count(plans, 'plan')} checked: ${verdict}`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
