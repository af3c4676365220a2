import { relative } from 'node:path';
import { EXIT, type ExitCode } from '../core/codes.ts';
import { ReleasePlanError, asUserError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { ApplyOptions, ApplyResult } from '../jobs/apply.ts';
import type { Night } from '../report/night.ts';
import type { Phase } from '../core/step.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { printSteps } from './plan.ts';
import { loadPlans } from './plans.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';
import { prettyJson } from '../text/json.ts';

interface Flags {
  dryRun?: boolean;
  only?: string;
  keepGoing?: boolean;
  nightly?: boolean;
  wait?: string | boolean;
  json?: boolean;
}

export const registerApply: RegisterCommand = (program, run) => {
  program
    .command('apply')
    .description('build, archive, make deltas, sign, prove and report: whatever is not true yet')
    .argument('<plan...>', 'plan files, folders with plans, or globs')
    .option('--dry-run', 'print the steps and why, do nothing')
    .option('--only <phases>', 'comma-separated: build, archive, full, delta, report')
    .option('--keep-going', 'after a failure, go on with what does not depend on it')
    .option(
      '--nightly',
      'for a timer: also read a share of the archive, keep going, and say what changed since the last night',
    )
    .option(...WAIT_FLAG)
    .option('--json', 'one JSON document on stdout')
    .action(async (plans: string[], flags: Flags) => {
      await run((context) =>
        flags.dryRun === true
          ? printSteps(plans, { json: flags.json === true }, context)
          : applyAll(plans, flags, context),
      );
    });
};

async function applyAll(plans: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  if (flags.nightly === true && flags.only !== undefined)
    throw new ReleasePlanError('usage', '--nightly does everything; --only leaves a part out', {
      hint: 'Give one of the two.',
    });
  const options = {
    only: await phasesOf(flags.only),
    keepGoing: flags.keepGoing === true || flags.nightly === true,
    waitMs: waitOf(flags.wait),
  };
  const loaded = await loadPlans(plans, context);
  const documents: object[] = [];
  let exitCode: ExitCode = EXIT.ok;
  for (const [index, plan] of loaded.entries()) {
    const result = await applyOne(plan, flags, options, context, index === loaded.length - 1);
    if (exitCode === EXIT.ok) exitCode = result.exitCode;
    if ('failure' in result)
      documents.push({
        plan: plan.file,
        exitCode: result.exitCode,
        code: result.failure.code,
        message: result.failure.message,
      });
    else if (flags.json === true) documents.push(documentOf(plan.file, result));
    else await summarise(result, context);
    if (exitCode !== EXIT.ok && !options.keepGoing) break;
  }
  if (flags.json === true) context.out(prettyJson({ schema: 1, plans: documents }));
  return exitCode;
}

type Applied = ApplyResult & { night?: Night };

async function applyOne(
  plan: Plan,
  flags: Flags,
  options: ApplyOptions,
  context: CommandContext,
  isLast: boolean,
): Promise<Applied | { exitCode: ExitCode; failure: ReleasePlanError }> {
  const { notified } = await import('../jobs/notify.ts');
  if (flags.nightly !== true) {
    const { apply } = await import('../jobs/apply.ts');
    return await notified(plan, context, async () => await apply(plan, context, options));
  }
  const { nightly } = await import('../jobs/nightly.ts');
  try {
    return await notified(
      plan,
      context,
      async () => await nightly(plan, context, { waitMs: options.waitMs, now: new Date() }),
      ({ night }) => night.changes,
    );
  } catch (error) {
    // A product whose archive is held, or whose disk is full, keeps the timer from no other.
    const failure = asUserError(error);
    if (isLast || context.signal.aborted || failure === undefined) throw error;
    context.report({ type: 'warning', message: `${plan.file}: error[${failure.code}]: ${failure.message}` });
    return { exitCode: failure.exitCode, failure };
  }
}

const documentOf = (file: string, { results, report, reportFiles, exitCode, night }: Applied): object => ({
  plan: file,
  exitCode,
  steps: results.map(({ step, title, outcome, error }) => ({
    title,
    ...step,
    ...outcome,
    ...(error === undefined ? {} : { code: error.code }),
  })),
  reportFiles,
  report,
  ...(night === undefined ? {} : { night }),
});

async function summarise(result: Applied, context: CommandContext): Promise<void> {
  const { summaryTable } = await import('../report/summary.ts');
  if (result.results.length === 0) context.out('Nothing to do: everything in the plan is true already.\n');
  context.out(summaryTable(result.report));
  for (const file of result.reportFiles) context.out(`${relative(context.cwd, file)}\n`);
  if (result.night !== undefined) context.out((await import('../report/night-text.ts')).nightInWords(result.night));
}

async function phasesOf(only: string | undefined): Promise<readonly Phase[] | undefined> {
  if (only === undefined) return undefined;
  const { PHASES } = await import('../core/step.ts');
  return only.split(',').map((name) => {
    const phase = PHASES.find((one) => one === name.trim());
    if (phase === undefined)
      throw new ReleasePlanError('usage', `--only knows no phase ${JSON.stringify(name)}`, {
        hint: `Use ${PHASES.join(', ')}.`,
      });
    return phase;
  });
}
