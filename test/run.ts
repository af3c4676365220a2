/**
 * Runs every test file and ends with `N passed, N failed`, and `, N skipped` where some were. Files are shared
 * out among as many processes as there are cores, one file at a time.
 *
 * uvu's own runner is not used: `uvu -r tsx` fails with execa, and a throwing
 * `before()` exits 0 there (lukeed/uvu#60). Here whatever did not pass failed,
 * also a file whose process ends before its tests do.
 *
 * Usage: node --import tsx test/run.ts [pattern]   (pattern: a regular expression on the path)
 *        node --import tsx test/run.ts --fast      (without whole runs: builds, servers, injected faults)
 *        node --import tsx test/run.ts --again     (a file that failed is run once more, alone, at the end; one that
 *                                                  passes then is named FLAKY, with what failed at first)
 */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parse } from 'uvu/parse';
import { freezeSources } from './support/sources.ts';

type Suite = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: Array<[name: string | null, ...suites: Suite[]]>;
  UVU_INDEX?: number;
}

interface TestFile {
  name: string;
  file: string;
}

interface FileResult {
  passed: number;
  failed: number;
  skipped: number;
  /** What went wrong, in words. */
  failures: string[];
}

const WORKER = '--worker';

/** No file takes longer; one that does hangs, and is ended and counted as failed. */
const FILE_LIMIT_MS = 15 * 60_000;
/** Files that have not begun by then fail unrun, so that a run always ends and says what it knows. */
const RUN_LIMIT_MS = 60 * 60_000;

/** Files that take seconds to minutes each: whole runs of the program, builds by kas, repositories, servers. */
const WHOLE_RUNS = new RegExp(
  [
    '^(faults|jobs|delivery/ostree|publish|hosts|loop|static-delta|insight|fleet/servers|kas/image)/',
    '^kas/(build|stop|traps|container|peer|pins|bitbake|idle-server|fragments|provenance|watch)',
    '^commands/(targets|schedule)',
    '^swu/(build|install)',
    '^io/children',
    '^rdiff/(create|signature|apply)\\.test',
    '^(report/page/page|commands/terminal/terminal)',
    '^bundle',
  ].join('|'),
);

if (process.argv[2] === WORKER) {
  process.on('message', (file: TestFile) => void runFile(file).then((result) => process.send?.(result)));
  // Whatever a test left open must not keep the run from its end.
  process.once('disconnect', () => process.exit());
} else {
  const [pattern = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const isFast = process.argv.includes('--fast');
  await runAll((name) => new RegExp(pattern).test(name) && !(isFast && WHOLE_RUNS.test(name)), pattern);
}

/** In a worker: imports a file, which registers its suites, and runs them. */
async function runFile({ name, file }: TestFile): Promise<FileResult> {
  const globals = globalThis as UvuGlobals;
  globals.UVU_DEFER = 1;
  globals.UVU_QUEUE = [[name]];
  globals.UVU_INDEX = 0;
  const result: FileResult = { passed: 0, failed: 0, skipped: 0, failures: [] };
  try {
    await import(file);
    const [, ...suites] = globals.UVU_QUEUE[0] ?? [null];
    if (suites.length === 0) throw new Error('the file registers no suite: is .run() missing?');
    for (const suite of suites) {
      const [errors, passed, skipped, total] = await suite();
      result.passed += passed;
      // The total of uvu counts no skipped tests.
      result.failed += total - passed;
      result.skipped += skipped;
      if (typeof errors === 'string') result.failures.push(errors);
    }
  } catch (error) {
    result.failed += 1;
    result.failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return result;
}

async function runAll(isWanted: (name: string) => boolean, pattern: string): Promise<void> {
  freezeSources();
  const { suites } = await parse(fileURLToPath(new URL('.', import.meta.url)), /\.test\.ts$/);
  // Whole runs (steps/, swu/) last longest and stand last in the alphabet: begun first, no process is left alone with
  // them.
  const queue = suites.filter((suite) => isWanted(suite.name)).toReversed();
  const results = new Map<TestFile, FileResult>();
  const workers = Math.min(availableParallelism(), queue.length);
  await Promise.all(Array.from({ length: workers }, () => workThrough(queue, results)));
  if (process.argv.includes('--again')) await runAgain(results);
  const total = sumOf(results);
  if (total.passed + total.failed + total.skipped === 0) {
    total.failed = 1;
    total.failures.push(`no test matches ${JSON.stringify(pattern)}`);
  }
  for (const failure of total.failures) process.stdout.write(`\n${failure}\n`);
  const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

/** A machine under load can make a test late; a mistake fails twice. What failed at first is shown in any case. */
async function runAgain(results: Map<TestFile, FileResult>): Promise<void> {
  for (const [file, first] of [...results].filter(([, { failed }]) => failed > 0)) {
    await workThrough([file], results);
    if (results.get(file)?.failed === 0)
      process.stdout.write(
        `FLAKY ${file.name}  passed when run again, alone; at first:\n${first.failures.join('\n')}\n`,
      );
  }
}

function sumOf(results: ReadonlyMap<TestFile, FileResult>): FileResult {
  const total: FileResult = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const [{ name }, result] of results) {
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped += result.skipped;
    for (const failure of result.failures) total.failures.push(`${name}\n${failure}`);
  }
  return total;
}

/** Takes files from the queue until none is left; a process that dies costs its file, not the run. */
async function workThrough(queue: TestFile[], results: Map<TestFile, FileResult>): Promise<void> {
  let worker: ChildProcess | undefined;
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (performance.now() > RUN_LIMIT_MS) {
      const failures = [`not begun: the run has taken ${RUN_LIMIT_MS / 60_000} minutes`];
      results.set(file, { passed: 0, failed: 1, skipped: 0, failures });
      continue;
    }
    // A process group of its own, so that what a hanging file started ends with it.
    worker ??= fork(fileURLToPath(import.meta.url), [WORKER], {
      execArgv: process.execArgv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    const started = performance.now();
    const { result, said } = await runIn(worker, file);
    if (worker.exitCode !== null || worker.signalCode !== null) worker = undefined;
    results.set(file, result);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(
      `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${file.name}  ${result.passed} passed, ${result.failed} failed, ` +
        `${seconds} s\n${said}`,
    );
  }
  worker?.disconnect();
}

async function runIn(worker: ChildProcess, file: TestFile): Promise<{ result: FileResult; said: string }> {
  const chunks: Buffer[] = [];
  const hear = (chunk: Buffer): void => void chunks.push(chunk);
  worker.stdout?.on('data', hear);
  worker.stderr?.on('data', hear);
  const result = await new Promise<FileResult>((resolve) => {
    let isOverdue = false;
    const watchdog = setTimeout(() => {
      isOverdue = true;
      endGroup(worker);
    }, FILE_LIMIT_MS);
    const ended = (code: number | null, signal: string | null): void => {
      clearTimeout(watchdog);
      const why = isOverdue ? `it took more than ${FILE_LIMIT_MS / 60_000} minutes and was ended` : undefined;
      resolve({
        passed: 0,
        failed: 1,
        skipped: 0,
        failures: [
          `${why ?? `its process ended before its tests: ${signal ?? `exit code ${code}`}`}\n` +
            Buffer.concat(chunks).toString('utf8'),
        ],
      });
    };
    worker.once('exit', ended);
    worker.once('message', (message) => {
      clearTimeout(watchdog);
      worker.off('exit', ended);
      resolve(message as FileResult);
    });
    worker.send(file);
  });
  worker.stdout?.off('data', hear);
  worker.stderr?.off('data', hear);
  return { result, said: notable(Buffer.concat(chunks).toString('utf8')) };
}

function endGroup(worker: ChildProcess): void {
  try {
    if (worker.pid !== undefined) process.kill(-worker.pid, 'SIGKILL');
  } catch {
    worker.kill('SIGKILL');
  }
}

/** What a test file printed beside uvu's dots: a seed, a figure. */
function notable(said: string): string {
  return said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/[•✘]/.test(line))
    .map((line) => `     ${line}\n`)
    .join('');
}
