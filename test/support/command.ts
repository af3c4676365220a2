import { Command } from 'commander';
import type { ExitCode } from '../../src/core/codes/index.ts';
import type { CommandContext, RegisterCommand } from '../../src/commands/host.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { requireDocument } from './documents.ts';
import { plainDrive } from '../../src/commands/terminal/drive-plain.ts';

/** What a command did. */
export interface CommandRun {
  exitCode: ExitCode | undefined;
  stdout: string;
  events: ReleaseEvent[];
  diagnostics: Diagnostic[];
  /** What commander printed of a wrong command line. */
  complaint: string;
  /** What it threw: a ReleasePlanError, or commander's own. */
  failure: unknown;
}

/** Runs one command in this process, with a context that keeps what it says. */
export async function runCommand(
  register: RegisterCommand,
  argv: readonly string[],
  options: { cwd: string; signal?: AbortSignal },
): Promise<CommandRun> {
  const ran: CommandRun = {
    exitCode: undefined,
    stdout: '',
    events: [],
    diagnostics: [],
    complaint: '',
    failure: undefined,
  };
  const report = (event: ReleaseEvent): void => void ran.events.push(event);
  const context: CommandContext = {
    cwd: options.cwd,
    env: process.env,
    signal: options.signal ?? new AbortController().signal,
    out: (text) => void (ran.stdout += text),
    document: (text) => void (ran.stdout += text),
    report,
    drive: plainDrive(report),
    diagnostics: (found) => void ran.diagnostics.push(...found),
  };
  const program = new Command('release-plan')
    .exitOverride()
    .configureOutput({ writeErr: (text) => void (ran.complaint += text) });
  register(program, async (action) => {
    ran.exitCode = await action(context);
  });
  await program.parseAsync([...argv], { from: 'user' }).catch((error: unknown) => {
    ran.failure = error;
  });
  requireDocument(argv, ran.stdout);
  return ran;
}
