/** Reads a fleet from a file or a command, whichever of the known forms it has, or from a server. */
import type { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import type { Report } from '../../core/events.ts';
import { signalGroup, startProgram } from '../../io/children.ts';
import { toolEnvironment } from '../../io/environment.ts';
import { openRegular } from '../../io/regular.ts';
import type { FleetSource } from '../../core/plan.ts';
import { readServerFleet } from '../servers/open.ts';
import { readCsv } from './csv.ts';
import { readJson } from './json.ts';
import { readNdjson } from './ndjson.ts';
import { sniff } from './sniff.ts';
import { FleetTally, type Fleet, type TallyOptions } from './tally.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Twenty million devices; what is larger is not a fleet. Holds for the output of a command too. */
const LARGEST_FLEET_BYTES = 8 * 1024 ** 3;

/** Enough to see the form, see sniff.ts. */
const HEAD_BYTES = 64 * 1024;

/** Bytes of a command's stderr that are kept for the message. */
const STDERR_BYTES = 4096;

const TIMEOUT_MS = 600_000;

export interface ReadFleetOptions extends Pick<TallyOptions, 'isVersion'> {
  /** Where a command runs. */
  cwd: string;
  /** The whole environment of a command; what our own programs get unless given. */
  env?: NodeJS.ProcessEnv;
  /** Then a command is stopped, with all that it started; ten minutes unless given. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Where the password of a server is taken from; this process's own environment by default. */
  secrets?: Readonly<Record<string, string | undefined>>;
  /** Told when a server is asked again. */
  report?: Report;
}

/**
 * Reads a fleet to its end, in memory that does not grow with the number of devices.
 *
 * Rows that cannot be read are counted in `bad`, with their lines; they never stop the reading.
 *
 * @throws ReleasePlanError `fleet-not-found`, `fleet-unreadable`, `fleet-incomplete`, `fleet-command-failed`,
 *   `interrupted`, of a server `server-*` and `secret-*`
 */
export async function readFleet(source: FleetSource, options: ReadFleetOptions): Promise<Fleet> {
  const tallyOptions = {
    ...(options.isVersion === undefined ? {} : { isVersion: options.isVersion }),
    ...(source.ignore === undefined ? {} : { ignored: source.ignore }),
  };
  if ('server' in source) {
    const { signal = new AbortController().signal, secrets: env = process.env, report = () => undefined } = options;
    return await readServerFleet(source.server, { env, signal, report }, tallyOptions);
  }
  const name = 'file' in source ? source.file : source.command;
  const tally = new FleetTally(name, tallyOptions);
  const bytes = 'file' in source ? fileBytes(source.file, options) : commandBytes(source.command, options);
  try {
    await readForm(bytes, tally, name);
  } catch (error) {
    if (options.signal?.aborted)
      throw new ReleasePlanError('interrupted', `interrupted while reading ${name}`, { cause: error });
    if (error instanceof RangeError)
      throw new ReleasePlanError('fleet-unreadable', `${name}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    // Who is fed up with the head of a file leaves it open; what a command prints is closed with the command.
    if ('file' in source) await bytes.return(undefined);
  }
  return tally.finish();
}

async function readForm(bytes: AsyncIterable<Uint8Array>, tally: FleetTally, name: string): Promise<void> {
  const { head, whole } = await withHead(bytes);
  const form = sniff(Buffer.from(head).toString('utf8'));
  switch (form) {
    case 'json-array':
      return await readJson(whole, 'array', tally, name);
    case 'json-document':
      return await readJson(whole, 'document', tally, name);
    case 'ndjson':
      return await readNdjson(textOf(whole), tally);
    case 'csv':
      return await readCsv(textOf(whole), tally, name);
    // An empty file is what a failed export leaves; a fleet without devices says {"devices":[]}.
    case 'empty':
      throw new ReleasePlanError('fleet-unreadable', `${name} is empty`, {
        hint: 'Write {"devices":[]} for a fleet without devices.',
      });
  }
}

async function withHead(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; whole: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    size += next.value.byteLength;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* first.splice(0);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: Buffer.concat(first).subarray(0, HEAD_BYTES), whole: whole() };
}

async function* textOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

async function* fileBytes(file: string, { signal }: ReadFleetOptions): AsyncGenerator<Uint8Array> {
  try {
    const { handle } = await openRegular(file, { maxBytes: LARGEST_FLEET_BYTES });
    try {
      const stream = handle.createReadStream({ highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) });
      for await (const chunk of stream) yield chunk as Uint8Array;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new ReleasePlanError('fleet-not-found', `fleet file ${file} does not exist`, {
      cause: error,
      hint: `Check \`fleet\` in the plan, or create ${basename(file)}.`,
    });
  }
}

/** The output of a shell command, which is a fleet only when the command succeeds. */
async function* commandBytes(command: string, options: ReadFleetOptions): AsyncGenerator<Uint8Array> {
  const { cwd, signal, env = toolEnvironment(), timeoutMs = TIMEOUT_MS } = options;
  const child = startProgram('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const group = new CommandGroup(child, timeoutMs, signal);
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(-STDERR_BYTES)));
  let sizeBytes = 0;
  try {
    for await (const chunk of child.stdout) {
      sizeBytes += (chunk as Uint8Array).byteLength;
      if (sizeBytes > LARGEST_FLEET_BYTES)
        throw new ReleasePlanError(
          'fleet-unreadable',
          `the fleet command printed more than ${LARGEST_FLEET_BYTES} bytes`,
        );
      yield chunk as Uint8Array;
    }
    const how = await group.ended;
    if (how !== 'exit code 0')
      throw new ReleasePlanError(
        'fleet-command-failed',
        `the fleet command failed (${how})${words.trim() === '' ? '' : `: ${words.trim()}`}`,
        { hint: `The command was: ${command}` },
      );
  } finally {
    group.stop();
  }
}

/** How long a command may take to end in order. */
const KILL_AFTER_MS = 300;

/**
 * A shell with all that it started: it ends in time, and keeps nobody waiting who does not want its output any more.
 */
class CommandGroup {
  /** How it ended, in words. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #late: NodeJS.Timeout;
  readonly #onAbort = (): void => this.stop();
  readonly #signal: AbortSignal | undefined;
  #hasEnded = false;

  constructor(child: ChildProcess, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#child = child;
    this.#signal = signal;
    const isLate = `the fleet command had not ended after ${timeoutMs / 1000} s and was stopped`;
    this.#late = setTimeout(() => this.stop(new ReleasePlanError('fleet-command-failed', isLate)), timeoutMs);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, by) => {
        this.#hasEnded = true;
        resolve(by ?? `exit code ${code}`);
      });
    });
    this.ended.catch(() => undefined);
  }

  /**
   * Ends the group, at once for us: what it started may hold its pipes open, so those are closed from here.
   *
   * @param why what whoever still reads is told
   */
  stop(why?: Error): void {
    clearTimeout(this.#late);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#hasEnded || this.#child.pid === undefined) return;
    signalGroup(this.#child, 'SIGTERM');
    setTimeout(() => signalGroup(this.#child, 'SIGKILL'), KILL_AFTER_MS);
    this.#child.stdout?.destroy(why);
    this.#child.stderr?.destroy();
    this.#child.unref();
  }
}
