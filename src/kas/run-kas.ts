import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { attributed } from '../io/attribute.ts';
import { BLOCK_BYTES } from '../io/space.ts';
import { whileStopping } from '../io/stopping.ts';
import { missingTool } from '../io/tools.ts';
import { killContainer, type Container } from './container.ts';
import { BuildErrors, LineSplitter, parseKasLine, progressOf } from './output.ts';
import { stopBuild } from './stop.ts';

/** One run of kas, from start to end. */
export interface KasRun {
  command: string;
  args: readonly string[];
  /** Where kas runs. */
  workDir: string;
  buildDir: string;
  /** Where kas-container runs kas, see kas/container.ts. */
  container?: Container;
  /** The whole environment, see kas/environment.ts. */
  env: NodeJS.ProcessEnv;
  /** Everything that kas prints is appended here. */
  logFile: string;
  /** Without a word for so long, the build is stopped. */
  stallTimeoutMs: number;
  /** Something is told at least so often; 30 s by default. */
  heartbeatMs?: number;
  signal?: AbortSignal;
  /** For the person who waits: where the build is. */
  onProgress?: (message: string) => void;
  /** Every line as it was printed; longer ones in pieces of 64 KiB. */
  onLine?: (line: string) => void;
}

/** Logs may show what a recipe prints, and are for everybody to read and nobody else to write. */
async function openLog(logFile: string): Promise<FileHandle> {
  await mkdir(dirname(logFile), { recursive: true });
  return await open(logFile, 'a', 0o644);
}

/** Output may still be in the pipes when kas has ended; an orphan may hold them open for ever. */
const DRAIN_MS = 500;
const HEARTBEAT_MS = 30_000;

/**
 * Runs kas to its end. It gets a session of its own, so that Ctrl-C reaches
 * release-plan alone, which then stops the build as it has to be stopped.
 *
 * @throws ReleasePlanError `build-failed` with BitBake's first errors and the
 *   log's name, `build-stalled`, `interrupted`, `tool-missing`
 */
export async function runKas(run: KasRun): Promise<void> {
  run.signal?.throwIfAborted();
  const log = await attributed(run.logFile, async () => await openLog(run.logFile), BLOCK_BYTES);
  try {
    const heading = `# ${new Date().toISOString()} ${[run.command, ...run.args].join(' ')}\n`;
    await attributed(run.logFile, async () => await log.write(heading), heading.length);
    await supervise(run, log);
  } finally {
    await log.close();
  }
}

type Ending =
  | { why: 'ended'; code: number | null; signal: NodeJS.Signals | null }
  | { why: 'interrupted' }
  | { why: 'stalled' }
  | { why: 'log-failed'; error: unknown };

async function supervise(run: KasRun, log: FileHandle): Promise<void> {
  const child = spawn(run.command, run.args, {
    cwd: run.workDir,
    env: run.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  await started(child, run.command);
  const errors = new BuildErrors();
  const watch = new Watch(run);
  const drained = Promise.all(
    [child.stdout, child.stderr].map((stream) =>
      relay(
        stream,
        { log, logFile: run.logFile },
        (line) => {
          run.onLine?.(line);
          const parsed = parseKasLine(line);
          errors.add(parsed);
          watch.heard(progressOf(parsed.message));
        },
        () => watch.sign(),
      ),
    ),
  );
  // A build whose log cannot be written is stopped: its disk is full, most likely, and nobody could say why it failed.
  const logFailed = new Promise<Ending>((resolve) =>
    drained.catch((error: unknown) => resolve({ why: 'log-failed', error })),
  );
  const interruption = new Interruption(run.signal);
  const ending = await Promise.race([ended, watch.stalled, interruption.happened, logFailed]);
  watch.end();
  interruption.end();
  try {
    // After a failure too: a kas that was killed leaves BitBake's server building.
    if (ending.why !== 'ended' || ending.code !== 0) await whileStopping(() => stop(run, child.pid ?? 0));
    if (ending.why !== 'log-failed') await Promise.race([drained, sleep(DRAIN_MS)]);
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    if (ending.why !== 'log-failed') await drained;
  }
  conclude(run, ending, errors);
}

async function stop(run: KasRun, pid: number): Promise<void> {
  const { container, env, buildDir } = run;
  run.onProgress?.('stopping the build');
  if (container !== undefined) await killContainer(container, env);
  await stopBuild({ pid, buildDir });
  // One that was just being made when the first kill came.
  if (container !== undefined) await killContainer(container, env);
}

const endOf = (child: ChildProcess): Promise<Ending> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ why: 'ended', code, signal }));
  });

const started = (child: ChildProcess, command: string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingTool(command, error) : error));
  });

/** The signal as a promise that leaves no listener behind: one signal sees many builds. */
class Interruption {
  readonly happened: Promise<Ending>;
  readonly #signal: AbortSignal | undefined;
  #listener: () => void = () => undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.happened = new Promise((resolve) => {
      this.#listener = () => resolve({ why: 'interrupted' });
    });
    if (signal?.aborted) this.#listener();
    signal?.addEventListener('abort', this.#listener);
  }

  end(): void {
    this.#signal?.removeEventListener('abort', this.#listener);
  }
}

/** Copies a stream to the log as it is, and hands out its lines. */
async function relay(
  stream: AsyncIterable<Buffer>,
  { log, logFile }: { log: FileHandle; logFile: string },
  onLine: (line: string) => void,
  onBytes: () => void,
): Promise<void> {
  const lines = new LineSplitter(onLine);
  try {
    for await (const chunk of stream) {
      onBytes();
      await attributed(logFile, async () => await log.write(chunk), chunk.length);
      lines.push(chunk);
    }
  } catch (error) {
    // We close the pipe ourselves when an orphan holds it open.
    if (errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  lines.end();
}

/** Tells where the build is, and notices when it has fallen silent. */
class Watch {
  readonly stalled: Promise<Ending>;
  readonly #run: KasRun;
  readonly #started = performance.now();
  #lastSign = performance.now();
  #lastTold = performance.now();
  #at: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: KasRun) {
    this.#run = run;
    this.#at = `kas ${verbOf(run)}`;
    const heartbeatMs = run.heartbeatMs ?? HEARTBEAT_MS;
    this.stalled = new Promise((resolve) => {
      this.#timer = setInterval(
        () => {
          const now = performance.now();
          if (now - this.#lastSign >= run.stallTimeoutMs) resolve({ why: 'stalled' });
          else if (now - this.#lastTold >= heartbeatMs) this.#tell(this.#heartbeat(now));
        },
        Math.max(10, Math.min(1000, heartbeatMs / 2, run.stallTimeoutMs / 4)),
      );
    });
  }

  /** Bytes came. */
  sign(): void {
    this.#lastSign = performance.now();
  }

  /** A line came that may say where the build is. */
  heard(progress: string | undefined): void {
    if (progress === undefined) return;
    this.#at = progress;
    this.#tell(progress);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #heartbeat(now: number): string {
    return (
      `still building after ${inWords(now - this.#started)}, last output ${inWords(now - this.#lastSign)} ago; ` +
      `${this.#at}`
    );
  }

  #tell(message: string): void {
    this.#lastTold = performance.now();
    this.#run.onProgress?.(message);
  }
}

function inWords(timeMs: number): string {
  const seconds = Math.round(timeMs / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** `build` or `checkout`, behind whatever options of kas-container. */
const verbOf = (run: KasRun): string => run.args.find((one) => /^[a-z]+$/.test(one)) ?? '';

function conclude(run: KasRun, ending: Ending, errors: BuildErrors): void {
  const log = `log: ${run.logFile}`;
  const verb = verbOf(run);
  if (ending.why === 'log-failed') throw ending.error;
  if (ending.why === 'interrupted') throw new ReleasePlanError('interrupted', `kas ${verb} was interrupted; ${log}`);
  if (ending.why === 'stalled') {
    const last = errors.tail().at(-1) ?? '(none)';
    throw new ReleasePlanError(
      'build-stalled',
      `kas ${verb} printed nothing for ${inWords(run.stallTimeoutMs)} and was stopped; last output: ${last}; ${log}`,
    );
  }
  if (ending.code === 0) return;
  const how = ending.code === null ? `killed by ${ending.signal ?? 'a signal'}` : `exit code ${ending.code}`;
  const message = [`kas ${verb} failed (${how}); ${log}`, ...errors.lines()].join('\n');
  if (errors.sawFullDisk())
    throw new ReleasePlanError('disk-full', `not enough disk space in ${run.buildDir}: ${message}`, {
      hint: 'Free disk space; a first build takes 50 to 100 GB. BB_DISKMON_DIRS makes BitBake stop in time.',
    });
  const hint = errors.hint();
  throw new ReleasePlanError('build-failed', message, hint === undefined ? {} : { hint });
}
