import { execa, type Options } from 'execa';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { Supervisor, endsWithUs } from './children.ts';
import { toolEnvironment } from './environment.ts';
import { missingTool, TOOLS, type ToolName } from './tools.ts';

/** For programs that say by their output how it went. */
export const ANY_EXIT_CODE: readonly number[] = Array.from({ length: 256 }, (_, code) => code);

export interface RunOptions {
  cwd?: string;
  /** Added to (or, with undefined, removed from) {@link toolEnvironment}. */
  env?: Record<string, string | undefined>;
  /** Written to the program's standard input. */
  input?: string | Uint8Array;
  signal?: AbortSignal;
  /** Stops a program that has not ended by then; an hour unless given. */
  timeoutMs?: number;
  /** Stops a program that prints more, on either stream; 256 MiB unless given. */
  maxBytes?: number;
  /** It may ask a person: it stays in our session, where the terminal is. */
  onTerminal?: boolean;
  /** It may hang for ever: it is to end with us also when we are killed, and cannot end it ourselves. */
  diesWithUs?: boolean;
  /** Exit codes that are no failure; 0 alone by default. */
  okCodes?: readonly number[];
}

export interface RunResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/**
 * Runs a short-lived program to its end and returns what it printed.
 *
 * Arguments are never seen by a shell. The program runs in the C locale, so
 * that its messages can be read. Long builds go through kas/build.ts instead.
 *
 * @throws ReleasePlanError `tool-missing` with the Debian package, `tool-failed`
 *   with the last lines of stderr, `tool-stalled`, `interrupted` when the signal fired.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await execute(command, args, options, { stripFinalNewline: true });
  return { stdout: String(result.stdout), stderr: String(result.stderr), exitCode: result.exitCode ?? 0 };
}

/** As {@link run}, with stdout as bytes. */
export async function runForBytes(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Uint8Array> {
  const result = await execute(command, args, options, {
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  return result.stdout as unknown as Uint8Array;
}

/** Longer than any program that is run this way takes for the largest image. */
const LONGEST_MS = 3_600_000;

/** More than any program prints that is not out of order. */
const MOST_BYTES = 256 * 1024 * 1024;

/** @see prctl(2), PR_SET_PDEATHSIG: kept when a program becomes another, as unshare and chroot do */
const WITH_US = ['setpriv', '--pdeathsig=KILL', '--'];

/** As setpriv says it. */
const NOT_EXECUTED = /^setpriv: failed to execute .*No such file or directory/m;

async function execute(command: string, args: readonly string[], options: RunOptions, encoding: Options) {
  const { okCodes = [0], signal, env, cwd, input, timeoutMs = LONGEST_MS, maxBytes = MOST_BYTES } = options;
  const { onTerminal = false } = options;
  const interrupted = (): ReleasePlanError => new ReleasePlanError('interrupted', `${command} was interrupted`);
  if (signal?.aborted === true) throw interrupted();
  const [program = command, ...words] = [...(options.diesWithUs === true ? WITH_US : []), command, ...args];
  const child = execa(program, words, {
    ...encoding,
    reject: false,
    maxBuffer: maxBytes,
    stdin: input === undefined ? 'ignore' : 'pipe',
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    detached: !onTerminal,
    extendEnv: false,
    env: { ...toolEnvironment(), ...env },
  });
  if (!onTerminal) endsWithUs(child);
  const supervisor = new Supervisor(child, { timeoutMs, onTerminal, ...(signal === undefined ? {} : { signal }) });
  const result = await child.finally(() => supervisor.end());
  if (supervisor.stopped === 'interrupted') throw interrupted();
  if (result.isMaxBuffer)
    throw new ReleasePlanError(
      'tool-output-too-large',
      `${command}${verbOf(args)} printed more than ${maxBytes} bytes and was stopped`,
    );
  if (supervisor.stopped === 'late')
    throw new ReleasePlanError(
      'tool-stalled',
      `${command} did not finish within ${Math.round(timeoutMs / 1000)} s and was stopped`,
    );
  if (errnoOf(result.cause) === 'ENOENT' && result.exitCode === undefined) throw missingTool(program, result.cause);
  if (options.diesWithUs === true && NOT_EXECUTED.test(wordsOf(result.stderr))) throw missingTool(command);
  if (result.exitCode === undefined || !okCodes.includes(result.exitCode)) throw failure(command, args, result);
  return result;
}

/** ` show` of `git show`: what was asked of the program; nothing for one that only has options. */
function verbOf(args: readonly string[]): string {
  const verb = args.find((one) => !one.startsWith('-'));
  return verb === undefined ? '' : ` ${verb}`;
}

function failure(
  command: string,
  args: readonly string[],
  result: { cause?: unknown; exitCode?: number; signal?: string; stderr?: unknown },
): ReleasePlanError {
  const how = result.exitCode === undefined ? (result.signal ?? 'cannot be started') : `exit code ${result.exitCode}`;
  const tail = wordsOf(result.stderr).trim().split('\n').slice(-6).join('\n');
  return new ReleasePlanError(
    'tool-failed',
    `${command}${verbOf(args)} failed (${how})${tail === '' ? '' : `: ${tail}`}`,
    { cause: result.cause },
  );
}

const wordsOf = (said: unknown): string =>
  said instanceof Uint8Array ? Buffer.from(said).toString('utf8') : String(said ?? '');

/**
 * The line in which a program says its version: the first with a digit, since ostree begins with a heading; `unknown`
 * when it says nothing.
 */
export async function toolVersion(tool: ToolName, command: string = tool): Promise<string> {
  // Several of these print their version on stderr, and unsquashfs exits 1 after it.
  const { stdout, stderr } = await run(command, TOOLS[tool].version, { okCodes: [0, 1] });
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.find((line) => /\d/.test(line)) ?? lines[0] ?? 'unknown';
}
