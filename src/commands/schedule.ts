import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { packageFile } from '../io/package.ts';
import type { ScheduleFile, Scheduler, TimeOfDay } from '../schedule/schedule.ts';
import { examples } from './examples.ts';
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
    .description('write a systemd timer, a crontab line or a CI job that runs `apply --nightly`')
    .argument('<plan...>', 'plan files, folders of plans, or globs; one run for all of them')
    .option('--systemd', 'write a systemd service and its timer')
    .option('--cron', 'write a crontab line for the build account')
    .option('--gitlab', 'write a GitLab CI job for a pipeline schedule')
    .option('--github', 'write a GitHub workflow with a schedule')
    .option('--name <name>', 'name of units, jobs and files (default: product and machine of the plan)')
    .option('--at <HH:MM>', 'time of day to start; UTC for GitHub', '02:30')
    .option('--run-as <user>', 'build account, for --systemd (default: the current user)')
    .option('--out <dir>', 'folder to write to (default: the current one; for CI, where the repository keeps its jobs)')
    .option('--stdout', 'print the files instead of writing them')
    .option('--force', 'overwrite existing files')
    .addHelpText(
      ...examples({
        'Write a systemd timer that starts at three':
          'release-plan schedule --systemd --at 03:00 --run-as builder plan.yml',
        'Print a crontab line': 'release-plan schedule --cron --stdout plan.yml',
      }),
    )
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
    ...(flags.name === undefined ? {} : { name: nameOf(flags.name) }),
    at,
    user: await accountOf(flags, context),
    program: [process.execPath, fileURLToPath(packageFile('src/bin.js'))],
  });
  const files = await scheduler.files(nightly);
  if (flags.stdout === true) {
    context.document(textOf(files));
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
  throw new ReleasePlanError('usage', wanted.length === 0 ? 'no scheduler given' : 'several schedulers given', {
    hint: `Pass one of ${list}.`,
  });
}

function timeOf(text: string): TimeOfDay {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined)
    throw new ReleasePlanError('usage', `--at expects a time of day such as 02:30, not ${JSON.stringify(text)}`);
  return { hour: Number(hour), minute: Number(minute) };
}

/** BitBake refuses to run as root, but only when the night has come. */
async function accountOf(flags: Flags, context: CommandContext): Promise<string> {
  const { userInfo } = await import('node:os');
  const user = flags.runAs ?? userInfo().username;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(user))
    throw new ReleasePlanError('usage', `--run-as expects the name of an account, not ${JSON.stringify(user)}`);
  if (flags.systemd === true && user === 'root')
    context.report({
      type: 'warning',
      message:
        'the service would run as root, and BitBake refuses to build as root; name the build account with --run-as',
    });
  return user;
}

/** Of characters that are themselves in units, crontabs, YAML and conditions of a CI. */
function nameOf(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9 ._+/-]*$/.test(name)) return name;
  throw new ReleasePlanError('usage', `--name cannot be ${JSON.stringify(name)}`, {
    hint: 'Use letters, digits, blanks and . _ + / -, starting with a letter or digit.',
  });
}

/** Several files in one text, each under its name. */
const textOf = (files: readonly ScheduleFile[]): string =>
  files.length === 1
    ? (files[0]?.content ?? '')
    : files.map(({ name, content }) => `# --- ${name}\n${content}`).join('\n');
