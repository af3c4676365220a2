import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../core/errors.ts';
import { attributed } from '../io/attribute.ts';
import { endsWithUs } from '../io/children.ts';
import { BLOCK_BYTES } from '../io/space.ts';
import { whileStopping } from '../io/stopping.ts';
import { missingTool } from '../io/tools.ts';
import { containerPid, killContainer, type Container } from './container.ts';
import { failureOf, type Ending } from './failure.ts';
import { BuildOutput, LineSplitter, parseKasLine, progressOf } from './output.ts';
import { buildProcesses, processorTimeMs } from './processor-time.ts';
import { stopBuild } from './stop.ts';
import { Watch } from './watch.ts';

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
  /** Without a word and without processor time for so long, the build is stopped. */
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

/**
 * Runs kas to its end. It gets a session of its own, so that Ctrl-C reaches
 * release-plan alone, which then stops the build as it has to be stopped.
 *
 * @returns what kas and BitBake warned of, each once
 * @throws ReleasePlanError `build-failed` with BitBake's first errors and the
 *   log's name, `build-stalled`, `interrupted`, `tool-missing`
 */
export async function runKas(run: KasRun): Promise<string[]> {
  run.signal?.throwIfAborted();
  const log = await attributed(run.logFile, async () => await openLog(run.logFile), BLOCK_BYTES);
  try {
    const heading = `# ${new Date().toISOString()} ${[run.command, ...run.args].join(' ')}\n`;
    await attributed(run.logFile, async () => await log.write(heading), heading.length);
    return await supervise(run, log);
  } finally {
    await log.close();
  }
}

async function supervise(run: KasRun, log: FileHandle): Promise<string[]> {
  const child = spawn(run.command, run.args, {
    cwd: run.workDir,
    env: run.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endsWithUs(child);
  const ended = endOf(child);
  await started(child, run.command);
  const output = new BuildOutput();
  const watch = watchOver(run, child.pid ?? 0);
  const drained = Promise.all(
    [child.stdout, child.stderr].map((stream) =>
      relay(stream, { log, logFile: run.logFile }, (line) => {
        run.onLine?.(line);
        const parsed = parseKasLine(line);
        output.add(parsed);
        watch.sign(parsed.message);
        watch.heard(progressOf(parsed.message));
      }),
    ),
  );
  // A build whose log cannot be written is stopped: its disk is full, most likely, and nobody could say why it failed.
  const logFailed = new Promise<Ending>((resolve) =>
    drained.catch((error: unknown) => resolve({ why: 'log-failed', error })),
  );
  const stalled = watch.stalled.then((): Ending => ({ why: 'stalled', lastWords: output.tail().at(-1) }));
  const interruption = new Interruption(run.signal);
  const ending = await Promise.race([ended, stalled, interruption.happened, logFailed]);
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
  if (ending.why === 'ended' && ending.code === 0) return output.warnings();
  throw await failureOf({ ...run, verb: verbOf(run) }, ending, output);
}

function watchOver(run: KasRun, pid: number): Watch {
  const { container, env, stallTimeoutMs, heartbeatMs, onProgress } = run;
  return new Watch({
    name: `kas ${verbOf(run)}`,
    stallTimeoutMs,
    processorTimeMs: async () => {
      const inside = container === undefined ? [] : await containerPid(container, env);
      return await processorTimeMs(await buildProcesses([pid, ...inside], run.buildDir));
    },
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
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
): Promise<void> {
  const lines = new LineSplitter(onLine);
  try {
    for await (const chunk of stream) {
      await attributed(logFile, async () => await log.write(chunk), chunk.length);
      lines.push(chunk);
    }
  } catch (error) {
    // We close the pipe ourselves when an orphan holds it open.
    if (errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  lines.end();
}

/** `build` or `for-all-repos`, behind whatever options of kas-container. */
const verbOf = (run: KasRun): string => run.args.find((one) => /^[a-z][a-z-]*$/.test(one)) ?? '';
