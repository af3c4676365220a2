import { relative } from 'node:path';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError, asUserError } from '../core/errors.ts';
import type { Drive } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import type { ApplyOptions, ApplyResult } from '../jobs/apply.ts';
import type { Night } from '../report/night.ts';
import type { Phase } from '../core/step.ts';
import { examples } from './examples.ts';
import { JOBS_FLAG, jobsOf } from './jobs.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { printSteps } from './plan.ts';
import { publishedDocument, publishedInWords } from './publish.ts';
import { loadPlans } from './plans.ts';
import { QUEUE_FLAG, queueOf } from './queue.ts';
import { RUN_COMMANDS_FLAG } from './run-commands.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { printable } from '../text/printable.ts';

interface Flags {
  dryRun?: boolean;
  runCommands?: boolean;
  newArchive?: boolean;
  only?: string;
  keepGoing?: boolean;
  nightly?: boolean;
  wait?: string | boolean;
  jobs?: string;
  queue?: string;
  handOut?: string;
  label?: string;
  json?: boolean;
}

export const registerApply: RegisterCommand = (program, run) => {
  program
    .command('apply')
    .description('build, archive, package, sign and verify whatever in the plan is missing')
    .argument('<plan...>', 'plan files, folders of plans, or globs')
    .option('--dry-run', 'print the steps and their reasons without taking them')
    .option('--only <phases>', 'take only the steps of these phases, comma-separated')
    .option('--keep-going', 'after a failure, continue with steps that do not depend on it')
    .option(...JOBS_FLAG)
    .option(QUEUE_FLAG, 'hand steps to workers through redis://HOST[:PORT], or rediss:// for TLS')
    .option('--hand-out <work>', 'what workers make, comma-separated: delta (the default), full, build')
    .option('--label <label>', 'hand steps to workers with this label')
    .option(
      '--nightly',
      'for timers: also verify a part of the archive, keep going, and report what changed since last night',
    )
    .option('--new-archive', 'start an archive, or take another one, although the plan had one')
    .option(...RUN_COMMANDS_FLAG)
    .option(...WAIT_FLAG)
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Make the release': 'release-plan apply plan.yml',
        'Print the steps of all plans in a folder': 'release-plan apply --dry-run plans/',
        'Hand deltas to workers on other hosts': 'release-plan apply plan.yml --queue redis://queue.example',
        'Make one step after the other': 'release-plan apply --jobs 1 plan.yml',
        'Build and archive only; wait for another run to finish':
          'release-plan apply --only build,archive --wait plan.yml',
      }),
    )
    .action(async (plans: string[], flags: Flags) => {
      await run((context) =>
        flags.dryRun === true
          ? printSteps(plans, { json: flags.json === true }, { ...context, runsCommands: flags.runCommands === true })
          : applyAll(plans, flags, { ...context, startsArchive: flags.newArchive === true }),
      );
    });
};

async function applyAll(plans: readonly string[], flags: Flags, context: ApplyContext): Promise<ExitCode> {
  if (flags.nightly === true && flags.only !== undefined)
    throw new ReleasePlanError('usage', '--nightly and --only cannot be combined', {
      hint: 'Pass one of them.',
    });
  const options = {
    only: await phasesOf(flags.only),
    keepGoing: flags.keepGoing === true || flags.nightly === true,
    waitMs: waitOf(flags.wait),
    jobs: jobsOf(flags.jobs),
    queue: await queueOf(flags, context.env),
  };
  const loaded = await loadPlans(plans, context);
  const documents: object[] = [];
  let exitCode: ExitCode = EXIT.ok;
  for (const [index, plan] of loaded.entries()) {
    const heading = loaded.length > 1 ? [`${relative(context.cwd, plan.file)}:`] : [];
    const host = { ...context, drive: underHeading(heading, context) };
    const result = await applyOne(plan, flags, options, host, index === loaded.length - 1);
    exitCode = worse(exitCode, result.exitCode);
    if ('failure' in result)
      documents.push({
        plan: plan.file,
        exitCode: result.exitCode,
        code: result.failure.code,
        message: result.failure.message,
      });
    else if (flags.json === true) documents.push(documentOf(plan.file, result));
    else {
      for (const line of heading) context.out(`${line}\n`);
      await summarise(result, options.only, context);
    }
    // That one product is inconsistent keeps no other from its release.
    if (exitCode !== EXIT.ok && exitCode !== EXIT.inconsistent && !options.keepGoing) break;
  }
  if (flags.json === true) context.out(prettyJson({ schema: 1, plans: documents }));
  return exitCode;
}

/** Names the plan above its first list of steps, where several plans are applied. */
function underHeading(heading: readonly string[], { drive, report }: ApplyContext): Drive {
  let due = heading;
  return async (tasks, turns) => {
    if (tasks.length > 0) {
      for (const message of due) report({ type: 'note', message });
      due = [];
    }
    await drive(tasks, turns);
  };
}

/** Exit codes from bad to good: what stands in the way of all plans comes before what is wrong with one. */
const BY_BADNESS: readonly ExitCode[] = [
  EXIT.bug,
  EXIT.environment,
  EXIT.build,
  EXIT.usage,
  EXIT.inconsistent,
  EXIT.ok,
];

const worse = (a: ExitCode, b: ExitCode): ExitCode => (BY_BADNESS.indexOf(b) < BY_BADNESS.indexOf(a) ? b : a);

type ApplyContext = CommandContext & { startsArchive: boolean };

type Applied = ApplyResult & { night?: Night };

async function applyOne(
  plan: Plan,
  flags: Flags,
  options: ApplyOptions,
  context: ApplyContext,
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
      async () => await nightly(plan, context, { ...options, now: new Date() }),
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

const documentOf = (file: string, { results, report, reportFiles, exitCode, night, published }: Applied): object => ({
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
  ...(published === undefined ? {} : { published: publishedDocument(published) }),
});

/** @param only phases that were asked for; without the report among them, nothing was found out of consistency */
async function summarise(result: Applied, only: readonly Phase[] | undefined, context: CommandContext): Promise<void> {
  const { summaryTable } = await import('../report/summary.ts');
  if (result.results.length === 0) context.out('Nothing to do: everything in the plan exists and is verified.\n');
  if (only === undefined || only.includes('report')) context.out(summaryTable(result.report));
  for (const file of result.reportFiles) context.out(`${printable(relative(context.cwd, file))}\n`);
  if (result.published !== undefined) context.out(await publishedInWords(result.published));
  if (result.night !== undefined) context.out((await import('../report/night-text.ts')).nightInWords(result.night));
}

async function phasesOf(only: string | undefined): Promise<readonly Phase[] | undefined> {
  if (only === undefined) return undefined;
  const { PHASES } = await import('../core/step.ts');
  const { suggestion } = await import('../text/suggest.ts');
  return only.split(',').map((name) => {
    const phase = PHASES.find((one) => one === name.trim());
    if (phase === undefined)
      throw new ReleasePlanError('usage', `unknown phase ${JSON.stringify(name)} in --only`, {
        hint: suggestion(name.trim(), PHASES, 'phases'),
      });
    return phase;
  });
}
