import { CODES, type Code, type ExitCode } from './codes/index.ts';
import type { Diagnostic, Location } from './diagnostic.ts';

/** Extra facts of a {@link ReleasePlanError}. */
export interface ErrorDetails {
  /** What failed underneath; kept for logs, not printed as a stack. */
  cause?: unknown;
  /** The cure for this very case, when it says more than the code's general one. */
  hint?: string;
  where?: Location;
}

/** Any failure that a user can meet. Everything else that is thrown is a bug (exit code 1). */
export class ReleasePlanError extends Error {
  override readonly name = 'ReleasePlanError';
  readonly code: Code;
  readonly hint: string | undefined;
  readonly where: Location | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.where = details.where;
  }

  get exitCode(): ExitCode {
    return CODES[this.code].exit;
  }

  /** What to do about it: in this very case, else in general. */
  get cure(): string {
    return this.hint ?? CODES[this.code].cure;
  }

  /** Message and cure, a line each. */
  get inWords(): string {
    return `${this.message}\n${this.cure}`;
  }
}

/** A plan that has errors; carries every one of them. */
export class InvalidPlanError extends ReleasePlanError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((one) => one.severity === 'error');
    super(errors[0]?.code ?? 'usage', `the plan has ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`);
    this.diagnostics = diagnostics;
  }
}

/**
 * The errno of a Node.js system error (`ENOENT`, ...), also underneath a {@link ReleasePlanError}; undefined for
 * anything else.
 */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof ReleasePlanError) return error.cause === undefined ? undefined : errnoOf(error.cause);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A failure as one that a user can meet: itself when it is one, a system error
 * (disk, permission, limits) in words; undefined for a bug.
 */
export function asUserError(error: unknown): ReleasePlanError | undefined {
  if (error instanceof ReleasePlanError) return error;
  if (!(error instanceof Error) || !('syscall' in error)) return undefined;
  const errno = errnoOf(error);
  return new ReleasePlanError(errno === 'ENOSPC' || errno === 'EDQUOT' ? 'disk-full' : 'io-failed', error.message, {
    cause: error,
  });
}

/**
 * The failure of one thing of several, for those that go on with the others.
 *
 * @param signal of the run; once it has fired, nothing is a failure of its own
 * @throws the error itself, when it is a bug or an interruption
 */
export function failureToTell(error: unknown, signal: AbortSignal): ReleasePlanError {
  const known = asUserError(error);
  if (signal.aborted || known === undefined) throw error;
  return known;
}
