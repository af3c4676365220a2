/** What a person has to read of a build that did not end well. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { ifPresent } from '../io/present.ts';
import { quoteForShell } from '../text/quote-for-shell.ts';
import type { BuildOutput } from './output.ts';
import { inWords } from './watch.ts';

/** How a run of kas ended. */
export type Ending =
  | { why: 'ended'; code: number | null; signal: NodeJS.Signals | null }
  | { why: 'interrupted' }
  /** Before it was told to stop, of which kas tells, too. */
  | { why: 'stalled'; lastWords: string | undefined }
  | { why: 'log-failed'; error: unknown };

/** What is said of a run that failed. */
export interface FailedRun {
  /** `build`, or another command of kas. */
  verb: string;
  command: string;
  args: readonly string[];
  workDir: string;
  buildDir: string;
  logFile: string;
  stallTimeoutMs: number;
  /** Set when the build directory is /build to BitBake. */
  container?: object;
}

const TAIL_LINES = 20;
/** Twenty lines of a compiler fit, and twenty of a generator do no harm. */
const TAIL_BYTES = 32 * 1024;
const LONGEST_LINE = 400;
/** More failures than this are one cause, most likely. */
const SHOWN_LOGS = 2;

/** The error for a run that ended so. A failure to write the log is thrown as it is. */
export async function failureOf(run: FailedRun, ending: Ending, output: BuildOutput): Promise<unknown> {
  const log = `log: ${run.logFile}`;
  switch (ending.why) {
    case 'log-failed':
      return ending.error;
    case 'interrupted':
      return new ReleasePlanError('interrupted', `kas ${run.verb} was interrupted; ${log}`);
    case 'stalled':
      return new ReleasePlanError(
        'build-stalled',
        `kas ${run.verb} printed nothing and used no processor time for ${inWords(run.stallTimeoutMs)} and ` +
          `was stopped; last output: ${ending.lastWords ?? '(none)'}; ${log}`,
      );
    case 'ended':
      return await failed(run, ending, output);
  }
}

async function failed(
  run: FailedRun,
  { code, signal }: Ending & { why: 'ended' },
  output: BuildOutput,
): Promise<ReleasePlanError> {
  const how = code === null ? `killed by ${signal ?? 'a signal'}` : `exit code ${code}`;
  const tails = await Promise.all(
    output
      .taskLogs()
      .slice(0, SHOWN_LOGS)
      .map((path) => endOf(path, run)),
  );
  const heading = `kas ${run.verb} failed (${how}); log: ${run.logFile}`;
  const message = [heading, ...output.errors(), ...tails.flat()].join('\n');
  if (output.sawFullDisk())
    return new ReleasePlanError('disk-full', `not enough disk space in ${run.buildDir}: ${message}`, {
      hint: 'Free disk space; a first build takes 50 to 100 GB. BB_DISKMON_DIRS makes BitBake stop in time.',
    });
  const tooNew = output.tooNewHeader();
  if (tooNew !== undefined)
    return new ReleasePlanError('kas-too-old', `your kas is too old for header version ${tooNew}; ${message}`);
  return new ReleasePlanError('build-failed', message, { hint: output.hint() ?? nextTry(run, output) });
}

/** How a line begins that a message shows of a log. */
const LOG_LINE = '  | ';

/** A failure for a row, which has one line: without what it shows of logs, which is where the step failed. */
export const inOneLine = (message: string): string =>
  message
    .split('\n')
    .filter((line) => !line.startsWith(LOG_LINE))
    .map((line) => line.trim())
    .join(' ');

/** The end of a task's log, or its name alone when it cannot be read. */
async function endOf(path: string, { container, buildDir }: FailedRun): Promise<string[]> {
  const file =
    container !== undefined && path.startsWith('/build/') ? join(buildDir, path.slice('/build/'.length)) : path;
  const lines = ((await ifPresent(tailOf(file))) ?? '').split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return [`the log of the task is ${file}`];
  const shown = lines.slice(-TAIL_LINES).map((line) => `${LOG_LINE}${line.slice(0, LONGEST_LINE)}`);
  return [`the last ${shown.length} lines of ${file}:`, ...shown];
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

/** A command for a shell that makes the failed task alone, or the same run of kas again. */
function nextTry(run: FailedRun, output: BuildOutput): string {
  const chain = run.args.slice(run.args.indexOf(run.verb) + 1).find((one) => !one.startsWith('-')) ?? '';
  const [first] = output.failedTasks();
  const kas = `cd ${quoteForShell(run.workDir)} && ${quoteForShell(run.command)}`;
  if (first === undefined)
    return `To try it by hand: ${kas} ${run.verb === 'build' ? 'build' : 'checkout'} ${quoteForShell(chain)}`;
  const bitbake = `bitbake -c ${first.task} ${first.recipe}`;
  return `To try this task by hand: ${kas} shell ${quoteForShell(chain)} -c ${quoteForShell(bitbake)}`;
}
