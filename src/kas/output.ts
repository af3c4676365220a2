/** A line of the build, as far as it is kept in memory. */
const LONGEST_LINE_BYTES = 64 * 1024;
const KEPT_ERRORS = 12;
const KEPT_TAIL = 12;

/** Cuts a stream of bytes into lines. A line longer than 64 KiB is handed out in pieces; no byte can make it fail. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      this.#emit(Buffer.concat([this.#rest, chunk.subarray(from, at)]));
      this.#rest = Buffer.alloc(0);
      from = at + 1;
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(from)]);
    if (this.#rest.length > LONGEST_LINE_BYTES) this.end();
  }

  /** Hands out what came after the last line end. */
  end(): void {
    if (this.#rest.length > 0) this.#emit(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #emit(line: Buffer): void {
    this.#onLine(line.toString('utf8').replace(/\r$/, ''));
  }
}

/** A line of kas: `2026-11-21 20:53:09 - INFO     - message`; level undefined for anything else, a traceback. */
export interface KasLine {
  level: string | undefined;
  message: string;
}

export function parseKasLine(line: string): KasLine {
  const found = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - ([A-Z]+) +- (.*)$/.exec(line);
  return found === null ? { level: undefined, message: line } : { level: found[1], message: found[2] ?? '' };
}

/**
 * Where BitBake is, from its line `NOTE: Running task 12 of 345 (/path/x.bb:do_compile)`; undefined for other lines.
 */
export function progressOf(message: string): string | undefined {
  const found = /^NOTE: Running (setscene |noexec )?task (\d+) of (\d+) \((.*):(do_\w+)\)/.exec(message);
  if (found === null) return undefined;
  const [, kind = '', number, total, recipe = '', task] = found;
  const name = (recipe.split('/').at(-1) ?? recipe).replace(/\.bb$/, '');
  return `${kind === 'setscene ' ? 'setscene ' : ''}task ${number} of ${total}: ${name} ${task}`;
}

/** BitBake's sign of life every ten minutes, which says nothing about whether anything goes on. */
export const isKeepalive = (text: string): boolean => /\bBitbake still alive \(no events for \d+s\)/i.test(text);

/** A task that BitBake gave up on. */
export interface FailedTask {
  /** `zlib`, `zlib-native`. */
  recipe: string;
  /** `compile` of `do_compile`. */
  task: string;
}

/**
 * Keeps what a build has to say for itself. BitBake's errors come as `INFO -
 * ERROR: ...`, since kas relays its stdout as INFO: the message is looked at,
 * not kas's level. Each message is kept once: kas repeats all of them at its end.
 */
export class BuildOutput {
  readonly #bitbake = new Set<string>();
  readonly #kas = new Set<string>();
  readonly #warnings = new Set<string>();
  readonly #taskLogs = new Set<string>();
  readonly #failedTasks: FailedTask[] = [];
  readonly #tail: string[] = [];
  #hint: string | undefined;
  #fullDisk = false;
  #tooNew: number | undefined;

  add({ level, message }: KasLine): void {
    this.#sort(level, message);
    if (message.trim() !== '') this.#tail.push(message.slice(0, 400));
    if (this.#tail.length > KEPT_TAIL) this.#tail.shift();
    this.#hint ??= hintFor(message);
    this.#fullDisk ||= message.includes('No space left on device');
    this.#tooNew ??= headerTooNew(message);
  }

  #sort(level: string | undefined, message: string): void {
    const log = /^ERROR: Logfile of failure stored in: (.+)$/.exec(message)?.[1];
    const failed = /^ERROR: Task \((.+):do_(\w+)\) failed with exit code/.exec(message);
    if (failed !== null) this.#failedTasks.push({ recipe: recipeOf(failed[1] ?? ''), task: failed[2] ?? '' });
    if (log !== undefined) keep(this.#taskLogs, log.trim());
    else if (/^(ERROR|FATAL): /.test(message)) keep(this.#bitbake, message);
    else if (level === 'ERROR' || level === 'CRITICAL') keep(this.#kas, message);
    else if (level === 'WARNING') keep(this.#warnings, `kas: ${message}`);
    else if (message.startsWith('WARNING: ')) keep(this.#warnings, message.slice('WARNING: '.length));
  }

  /** The first errors of BitBake, else of kas, else the last line: of a traceback, that is its error. */
  errors(): string[] {
    if (this.#bitbake.size > 0) return [...this.#bitbake];
    if (this.#kas.size > 0) return [...this.#kas];
    return this.#tail.slice(-1);
  }

  /** What kas and BitBake warned of, `kas: ` before kas's own. */
  warnings(): string[] {
    return [...this.#warnings];
  }

  /** Logs of tasks that failed, as BitBake names them. */
  taskLogs(): string[] {
    return [...this.#taskLogs];
  }

  failedTasks(): readonly FailedTask[] {
    return this.#failedTasks;
  }

  tail(): readonly string[] {
    return this.#tail;
  }

  /** Whether any line, of whatever program, said that the disk is full. */
  sawFullDisk(): boolean {
    return this.#fullDisk;
  }

  /** A header version that this kas does not know, where it said so. */
  tooNewHeader(): number | undefined {
    return this.#tooNew;
  }

  /** What to do, where the output shows one of kas's own pitfalls. */
  hint(): string | undefined {
    return this.#hint;
  }
}

function keep(lines: Set<string>, line: string): void {
  if (lines.size < KEPT_ERRORS) lines.add(line.slice(0, 1000));
}

/** `zlib-native` of `virtual:native:/w/meta/recipes-core/zlib/zlib_1.3.bb`: as `bitbake -c compile` takes it. */
function recipeOf(file: string): string {
  const name = (file.split('/').at(-1) ?? file).replace(/\.bb$/, '').replace(/_[^_]*$/, '');
  const config = /(?:^|:)mc:([^:]+):/.exec(file)?.[1];
  return `${config === undefined ? '' : `mc:${config}:`}${name}${/(?:^|:)virtual:native:/.test(file) ? '-native' : ''}`;
}

/** kas 3.1 has it from the schema, later ones in words of their own. */
function headerTooNew(message: string): number | undefined {
  const found = /compatible with version \d+ to \d+, file has version (\d+)/.exec(message)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Words of kas that hide their cause. */
const PITFALLS: ReadonlyArray<readonly [words: RegExp, hint: string]> = [
  [
    /Could not decode line from stream/,
    'The build printed a byte that is not UTF-8, on which kas fails even if the build succeeds. Find the recipe that ' +
      'prints it.',
  ],
  [
    /expected str instance, NoneType found/,
    'kas did not find bitbake: the init script of the build (oe-init-build-env) does not put it on PATH.',
  ],
  [
    /Did not find any init-build-env script/,
    'None of the repositories in the kas files has oe-init-build-env at its top level.',
  ],
  [
    /locale .* not supported|Please make sure locale 'en_US.UTF-8' is available/,
    'Install the locale en_US.UTF-8, which BitBake requires.',
  ],
];

const hintFor = (message: string): string | undefined => PITFALLS.find(([words]) => words.test(message))?.[1];
