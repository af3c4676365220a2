import type { ChildProcess } from 'node:child_process';
import { execa, type Options } from 'execa';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { toolEnvironment } from './environment.ts';
import { signalGroup } from './process-group.ts';
import { missingTool, TOOLS, type ToolName } from './tools.ts';

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
const KILL_AFTER_MS = 2000;
/** How long the output of a program that has ended may stay open. */
const LINGER_MS = 2000;

/** More than any program prints that is not out of order. */
const MOST_BYTES = 256 * 1024 * 1024;

async function execute(command: string, args: readonly string[], options: RunOptions, encoding: Options) {
  const { okCodes = [0], signal, env, cwd, input, timeoutMs = LONGEST_MS, maxBytes = MOST_BYTES } = options;
  const result = await ended(
    execa(command, args, {
      ...encoding,
      // A group of its own, so that what it started ends with it.
      detached: true,
      reject: false,
      maxBuffer: maxBytes,
      stdin: input === undefined ? 'ignore' : 'pipe',
      ...(input === undefined ? {} : { input }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { cancelSignal: signal }),
      timeout: timeoutMs,
      // Some programs end in order on SIGTERM; none may ignore it for ever.
      forceKillAfterDelay: KILL_AFTER_MS,
      extendEnv: false,
      env: { ...toolEnvironment(), ...env },
    }),
  );
  if (result.isCanceled) throw new ReleasePlanError('interrupted', `${command} was interrupted`);
  if (result.isMaxBuffer)
    throw new ReleasePlanError(
      'tool-output-too-large',
      `${command}${verbOf(args)} printed more than ${maxBytes} bytes and was stopped`,
    );
  if (result.timedOut)
    throw new ReleasePlanError(
      'tool-stalled',
      `${command} did not finish within ${Math.round(timeoutMs / 1000)} s and was stopped`,
    );
  if (result.exitCode === undefined || !okCodes.includes(result.exitCode)) throw failure(command, args, result);
  return result;
}

/** Programs that run now, by process group. */
const groups = new Set<number>();
process.once('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGTERM');
});

/**
 * Waits for a program and for what it printed. What it leaves running with its output still open is ended: Debian's
 * swupdate was seen to end while a process of its own waited for ever.
 */
async function ended<T>(child: Promise<T> & Pick<ChildProcess, 'pid' | 'killed' | 'once'>): Promise<T> {
  const { pid } = child;
  if (pid === undefined) return await child;
  let timer: NodeJS.Timeout | undefined;
  groups.add(pid);
  child.once('exit', () => {
    timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), child.killed ? 0 : LINGER_MS);
  });
  try {
    return await child;
  } finally {
    clearTimeout(timer);
    groups.delete(pid);
  }
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
  if (errnoOf(result.cause) === 'ENOENT' && result.exitCode === undefined) return missingTool(command, result.cause);
  const how = result.exitCode === undefined ? (result.signal ?? 'cannot be started') : `exit code ${result.exitCode}`;
  const words =
    result.stderr instanceof Uint8Array ? Buffer.from(result.stderr).toString('utf8') : String(result.stderr ?? '');
  const tail = words.trim().split('\n').slice(-6).join('\n');
  return new ReleasePlanError(
    'tool-failed',
    `${command}${verbOf(args)} failed (${how})${tail === '' ? '' : `: ${tail}`}`,
    { cause: result.cause },
  );
}

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
