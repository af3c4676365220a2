/** Commands of the user's, which a shell runs and which must not hold us up. */
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../core/errors.ts';
import { signalGroup, startProgram } from './children.ts';

export interface ShellOptions {
  cwd: string;
  /** The whole environment of the command; undefined leaves a name out. */
  env: NodeJS.ProcessEnv;
  /** Written to its standard input, whether it reads it or not. */
  input: string;
  /** Then it is killed, with all that it started. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface ShellOutcome {
  isOk: boolean;
  /** `exit code 1`, `SIGKILL`, `no end within 60 s`. */
  how: string;
  /** The end of what it said on stderr. */
  words: string;
}

/** Bytes of stderr that are kept. */
const WORDS = 2048;

/** What the command left running may hold its stderr open; we do not wait for that. */
const LAST_WORDS_MS = 500;

/** Runs a shell command to its end. A command that fails is an outcome; nothing is thrown for it. */
export async function runShell(command: string, options: ShellOptions): Promise<ShellOutcome> {
  const child = startProgram('sh', ['-c', command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(-WORDS)));
  // It may end without having read: then there is nobody to write to.
  child.stdin.on('error', (error) => void (errnoOf(error) === 'EPIPE' || child.emit('error', error)));
  child.stdin.end(options.input);
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    signalGroup(child, 'SIGKILL');
  }, options.timeoutMs);
  const stop = (): void => signalGroup(child, 'SIGTERM');
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  try {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const how = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, by) => resolve(by ?? `exit code ${code}`));
    });
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
    return {
      isOk: how === 'exit code 0',
      how: isLate ? `not finished within ${options.timeoutMs / 1000} s` : how,
      words: words.trim(),
    };
  } finally {
    clearTimeout(late);
    options.signal?.removeEventListener('abort', stop);
    child.stderr.destroy();
  }
}
