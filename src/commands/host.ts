import type { Command } from 'commander';
import type { ExitCode } from '../core/codes/index.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { Drive, Report } from '../core/events.ts';

/** What a command may touch of the outside: nothing else prints, reads the environment or is told to stop. */
export interface CommandContext {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Fires on Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /**
   * Writes a result to stdout, for a person or as JSON: what no terminal should be given is taken out. A command that
   * was given --json writes one document, once.
   */
  out(text: string): void;
  /** Writes a result in a language of its own, as it is: whoever made it has put text of others in its place. */
  document(text: string): void;
  /** Progress and notes for the person who waits: stderr, in the form that suits the terminal. */
  report: Report;
  /** Runs tasks in sequence and shows them on stderr. */
  drive: Drive;
  /** Diagnostics with their code frames, to stderr. */
  diagnostics(found: readonly Diagnostic[]): void;
}

export type CommandAction = (context: CommandContext) => Promise<ExitCode>;

/** Runs an action under the catch-all of cli.ts. */
export type Runner = (action: CommandAction) => Promise<void>;

/**
 * One command: declares its flags on the program and hands its action to the
 * runner. Command files import types alone at the top; what they need to work
 * is imported inside the action, so that `--help` and `validate` start fast.
 */
export type RegisterCommand = (program: Command, run: Runner) => void;
