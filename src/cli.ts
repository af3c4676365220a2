import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './core/codes/index.ts';
import { describeChoices } from './commands/choices.ts';
import type { CommandContext, Runner } from './commands/host.ts';
import { createProgram } from './commands/program.ts';
import { asUserError, InvalidPlanError, messageOf, ReleasePlanError } from './core/errors.ts';
import { endPrograms } from './io/children.ts';
import { manyListeners } from './io/signals.ts';
import { isStopping } from './io/stopping.ts';
import { formatDiagnostics } from './commands/terminal/diagnostics.ts';
import { plainDrive } from './commands/terminal/drive-plain.ts';
import { terminalDrive } from './commands/terminal/drive-terminal.ts';
import { glyphsFor } from './commands/terminal/glyphs.ts';
import { plainView } from './commands/terminal/plain.ts';
import { Screen, canDraw } from './commands/terminal/screen.ts';
import { lostResults, tameStreams, writeMessage, writeResult } from './commands/terminal/streams.ts';
import { printableLines, printableMessage } from './text/printable.ts';
import { withExplicitWait } from './commands/wait.ts';

/**
 * What ends a run in order: Ctrl-C, a supervisor, and the terminal going away (kas runs in a session of its own and
 * would build on).
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Words that ask for help; one that is a value by chance costs a few milliseconds. */
const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h']);

/**
 * argv -> command -> exit code. The only catch-all of the program: every
 * failure becomes a message on stderr and a code of {@link EXIT} here.
 *
 * @param argv arguments after the program's name
 */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  tameStreams();
  const stop = new AbortController();
  manyListeners(stop.signal);
  const exitCode = await runCommand(argv, stop);
  const lost = await lostResults();
  // A bug and an interruption say more than that their results are missing.
  if (lost === undefined || exitCode === EXIT.bug || exitCode === EXIT.interrupted) return exitCode;
  const error = new ReleasePlanError('output-failed', `standard output: ${lost.message}`, {
    cause: lost,
    hint: 'The command has done its work, but its results are incomplete: run it again with another standard output.',
  });
  return explain(error, stop.signal);
}

async function runCommand(argv: readonly string[], stop: AbortController): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const onSignal = (name: NodeJS.Signals): void => {
    stop.abort(new ReleasePlanError('interrupted', 'interrupted'));
    insist(name, performance.now());
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    const run: Runner = async (action) => {
      exitCode = await action(contextOf(stop.signal));
    };
    const program = createProgram(run, {
      writeOut: writeResult,
      writeErr: writeMessage,
      // It quotes words of the command line, which a script may have from others.
      outputError: (text, write) => write(`${printableMessage(text.trimEnd(), '  ')}\n`),
    });
    if (argv.some((word) => HELP.has(word))) await describeChoices(program);
    await program.parseAsync(withExplicitWait(argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, stop.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** An orderly end takes less; stopping a build may take longer, and is not cut off before the second limit. */
const ORDERLY_END_MS = 4500;
const STOPPING_MS = 20_000;

/**
 * Lets the signal do what it does to any program when the orderly end does not
 * come: a call that hangs in the kernel (a disk that does not answer) keeps
 * Node.js from ending, even by `process.exit`.
 */
function insist(name: NodeJS.Signals, sinceMs: number): void {
  const look = (): void => {
    if (isStopping() && performance.now() - sinceMs < STOPPING_MS) setTimeout(look, 100).unref();
    else {
      endPrograms();
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    }
  };
  setTimeout(look, ORDERLY_END_MS).unref();
}

function contextOf(signal: AbortSignal): CommandContext {
  const colour = process.stderr.hasColors?.() ?? false;
  const screen = new Screen(process.stderr, writeMessage);
  const say = (text: string): void => screen.above(() => writeMessage(text));
  const report = plainView(say);
  return {
    cwd: process.cwd(),
    env: process.env,
    signal,
    out: (text) => screen.above(() => writeResult(printableLines(text))),
    document: (text) => screen.above(() => writeResult(text)),
    report,
    drive: canDraw(process.stderr, process.env)
      ? terminalDrive(screen, { print: writeMessage, glyphs: glyphsFor(process.env), colour })
      : plainDrive(report),
    diagnostics: (found) => say(formatDiagnostics(found, process.cwd(), colour)),
  };
}

/** Says on stderr what went wrong, and with which code the process ends. */
function explain(error: unknown, signal: AbortSignal): ExitCode {
  // commander has printed its own message, with a suggestion.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const failure = asReleasePlanError(error, signal);
  const colour = process.stderr.hasColors?.() ?? false;
  const found =
    failure instanceof InvalidPlanError
      ? failure.diagnostics
      : [
          {
            code: failure.code,
            severity: 'error' as const,
            message: failure.message,
            hint: failure.cure,
            ...(failure.where === undefined ? {} : { where: failure.where }),
          },
        ];
  writeMessage(formatDiagnostics(found, process.cwd(), colour));
  if (failure.code === 'bug' && process.env.RELEASE_PLAN_DEBUG !== undefined && error instanceof Error)
    writeMessage(`${printableLines(error.stack ?? '')}\n`);
  return failure.exitCode;
}

function asReleasePlanError(error: unknown, signal: AbortSignal): ReleasePlanError {
  if (signal.aborted)
    return new ReleasePlanError('interrupted', 'interrupted', {
      cause: error,
      hint: 'Run the same command again: it continues where it stopped.',
    });
  const known = asUserError(error);
  if (known !== undefined) return known;
  return new ReleasePlanError('bug', `unexpected: ${messageOf(error)}`, {
    cause: error,
    hint: 'Please report it; RELEASE_PLAN_DEBUG=1 prints a stack trace.',
  });
}
