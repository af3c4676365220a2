import { EXIT, type ExitCode } from '../core/codes.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { packageFile } from '../io/package.ts';
import type { ScheduleFile, Scheduler, TimeOfDay } from '../schedule/schedule.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  at: string;
  name?: string;
  out?: string;
  stdout?: boolean;
  runAs?: string;
  force?: boolean;
  systemd?: boolean;
  cron?: boolean;
  gitlab?: boolean;
  github?: boolean;
}

export const registerSchedule: RegisterCommand = (program, run) => {
  program
    .command('schedule')
    .description('write what runs `apply --nightly` on plans: systemd units, a crontab line, a CI job')
    .argument('<plan...>', 'plan files, folders with plans, or globs: one run for all of them')
    .option('--systemd', 'a systemd service and its timer')
    .option('--cron', 'a line for the crontab of the account that builds')
    .option('--gitlab', 'a GitLab CI job, for a pipeline schedule')
    .option('--github', 'a GitHub workflow with a schedule')
    .option('--name <name>', 'name of units, jobs and files; product and machine of the plan unless given')
    .option('--at <HH:MM>', 'when to start; GitHub counts in UTC', '02:30')
    .option('--run-as <user>', 'the account that builds, for --systemd; whoever runs this by default')
    .option('--out <dir>', 'folder to write to; the current one, for a CI where it looks in the repository')
    .option('--stdout', 'print it, write nothing')
    .option('--force', 'replace files that are there with another content')
    .action(async (plans: string[], flags: Flags) => {
      await run((context) => schedule(plans, flags, context));
    });
};

/**
 * Writes or prints the schedule of the plans' nightly run.
 *
 * @throws ReleasePlanError `usage`, `schedule-text`, `schedule-ci`, `schedule-exists`
 */
export async function schedule(plans: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { join, resolve } = await import('node:path');
  const { fileURLToPath } = await import('node:url');
  const { loadPlans } = await import('./plans.ts');
  const { shortPath } = await import('../plan/source-text.ts');
  const { nightlyRunOf, writeSchedule } = await import('../jobs/schedule.ts');

  const scheduler = await chosen(flags);
  const at = timeOf(flags.at);
  const nightly = await nightlyRunOf(await loadPlans(plans, context), {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    at,
    user: await accountOf(flags, context),
    program: [process.execPath, fileURLToPath(packageFile('src/bin.js'))],
  });
  const files = await scheduler.files(nightly);
  if (flags.stdout === true) {
    context.out(textOf(files));
    return EXIT.ok;
  }
  const usual =
    scheduler.folder === undefined || nightly.repository === undefined
      ? context.cwd
      : join(nightly.repository, scheduler.folder);
  const written = await writeSchedule(flags.out === undefined ? usual : resolve(context.cwd, flags.out), files, {
    replace: flags.force === true,
  });
  const shown = written.map(({ path, isNew }) => ({ path, isNew, shown: shortPath(path, context.cwd) }));
  context.out(shown.map((one) => `${one.shown}${one.isNew ? '' : ' (unchanged)'}\n`).join(''));
  context.out(
    `\nNext:\n${scheduler
      .next(nightly, shown)
      .map((line) => `  ${line}\n`)
      .join('')}`,
  );
  return EXIT.ok;
}

async function chosen(flags: Flags): Promise<Scheduler> {
  const { schedulers } = await import('../schedule/registry.ts');
  const wanted = schedulers.filter(({ name }) => flags[name as 'systemd' | 'cron' | 'gitlab' | 'github'] === true);
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) return only;
  const list = schedulers.map(({ name }) => `--${name}`).join(', ');
  throw new ReleasePlanError(
    'usage',
    wanted.length === 0 ? 'schedule was not told for what' : `schedule takes one of ${list} at a time`,
    { hint: `Give one of ${list}.` },
  );
}

function timeOf(text: string): TimeOfDay {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined)
    throw new ReleasePlanError('usage', `--at takes a time of day such as 02:30, not ${JSON.stringify(text)}`);
  return { hour: Number(hour), minute: Number(minute) };
}

/** BitBake refuses to run as root, but only when the night has come. */
async function accountOf(flags: Flags, context: CommandContext): Promise<string> {
  const { userInfo } = await import('node:os');
  const user = flags.runAs ?? userInfo().username;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(user))
    throw new ReleasePlanError('usage', `--run-as takes the name of an account, not ${JSON.stringify(user)}`);
  if (flags.systemd === true && user === 'root')
    context.report({
      type: 'warning',
      message:
        'the service would run as root, and BitBake refuses to build as root: name the account that builds ' +
        'with --run-as',
    });
  return user;
}

/** Several files in one text, each under its name. */
const textOf = (files: readonly ScheduleFile[]): string =>
  files.length === 1
    ? (files[0]?.content ?? '')
    : files.map(({ name, content }) => `# --- ${name}\n${content}`).join('\n');
