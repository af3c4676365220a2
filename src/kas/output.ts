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

/**
 * Keeps what a failed build has to say for itself. BitBake's errors come as
 * `INFO - ERROR: ...`, since kas relays its stdout as INFO: the message is
 * looked at, not kas's level.
 */
export class BuildErrors {
  readonly #bitbake: string[] = [];
  readonly #kas: string[] = [];
  readonly #tail: string[] = [];
  #hint: string | undefined;
  #fullDisk = false;

  add({ level, message }: KasLine): void {
    if (/^(ERROR|FATAL): /.test(message)) keep(this.#bitbake, message);
    else if (level === 'ERROR' || level === 'CRITICAL') keep(this.#kas, message);
    if (message.trim() !== '') this.#tail.push(message.slice(0, 400));
    if (this.#tail.length > KEPT_TAIL) this.#tail.shift();
    this.#hint ??= hintFor(message);
    this.#fullDisk ||= message.includes('No space left on device');
  }

  /** The first errors of BitBake, else of kas, else the last line: of a traceback, that is its error. */
  lines(): string[] {
    if (this.#bitbake.length > 0) return this.#bitbake;
    if (this.#kas.length > 0) return this.#kas;
    return this.#tail.slice(-1);
  }

  tail(): readonly string[] {
    return this.#tail;
  }

  /** Whether any line, of whatever program, said that the disk is full. */
  sawFullDisk(): boolean {
    return this.#fullDisk;
  }

  /** What to do, where the output shows one of kas's own pitfalls. */
  hint(): string | undefined {
    return this.#hint;
  }
}

function keep(lines: string[], line: string): void {
  if (lines.length < KEPT_ERRORS) lines.push(line.slice(0, 1000));
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
