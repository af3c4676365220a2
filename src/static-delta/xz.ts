/** xz streams, by Debian's `xz`: what parts of static deltas are compressed with. */
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { startProgram } from '../io/children.ts';
import { missingTool } from '../io/tools.ts';

/** Clients since 2026.3 give the decoder 100 MiB; a dictionary of 64 MiB stays below, the next larger one does not. */
export const CLIENT_MEMORY_BYTES = 100 * 1024 * 1024;

/**
 * Decompresses one xz stream within the memory that clients have.
 *
 * @param limitBytes stops where the content becomes larger
 * @throws ReleasePlanError `static-delta-corrupt`, `tool-missing`
 */
export async function decompressXz(stream: Uint8Array, limitBytes: number): Promise<Buffer> {
  const child = startXz(['--decompress', `--memlimit-decompress=${CLIENT_MEMORY_BYTES}`]);
  const finished = ended(child, collectWords(child.stderr));
  // Awaited below, when all is read; until then a failure must not count as one that nobody handles.
  finished.catch(() => undefined);
  const chunks: Buffer[] = [];
  let size = 0;
  // It ends before it has read everything where the stream is no good; its exit code says so.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(stream);
  try {
    for await (const chunk of child.stdout) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > limitBytes) throw tooLong(limitBytes);
    }
    await finished;
  } catch (error) {
    child.kill();
    throw isXzFailure(error) ? new ReleasePlanError('static-delta-corrupt', wordsOf(error), { cause: error }) : error;
  }
  return Buffer.concat(chunks, size);
}

const isXzFailure = (error: unknown): error is ReleasePlanError =>
  error instanceof ReleasePlanError && error.code === 'tool-failed';

const wordsOf = (error: ReleasePlanError): string => error.message.replace(/^xz failed \(.*?\): xz: \(stdin\): /, '');

const tooLong = (limitBytes: number): ReleasePlanError =>
  new ReleasePlanError('static-delta-corrupt', `it decompresses to more than ${limitBytes} bytes`);

/** A compressor that is at work: what is written to it comes out of `output`. */
export interface XzCompressor {
  /** Takes bytes; resolves when more may come, so that no more than a pipe's worth waits in memory. */
  write(bytes: Uint8Array): Promise<void>;
  /** Says that this was all, and waits for the end. */
  end(): Promise<void>;
  /** Stops it at once, after a failure. */
  stop(): void;
  output: Readable;
}

/**
 * What of a preset is searched longer. Parts are mostly long stretches that repeat, which xz's presets, made for text
 * and programs, give up on too early: docs/static-delta.md has bytes and times. Dictionaries, and so the memory of
 * clients, are those of the presets.
 */
const LONGER: Readonly<Record<number, string>> = {
  2: 'depth=256',
  3: 'depth=512',
  4: 'nice=64',
  5: 'nice=96',
  6: 'nice=128,depth=32',
  7: 'nice=128',
  8: 'nice=192',
  9: 'nice=273',
};

/** @param level 0 to 9 */
function presetOf(level: number): string {
  const longer = LONGER[level];
  return longer === undefined ? `-${level}` : `--lzma2=preset=${level},${longer}`;
}

/**
 * Starts a compressor for one part. One thread: several would cut the stream
 * into blocks, and the bytes would depend on the machine.
 *
 * @param level 0 to 9: xz's presets, most of which search longer here
 */
export function compressXz(level: number): XzCompressor {
  const child = startXz(['--compress', '--threads=1', '--check=crc64', presetOf(level)]);
  const words = collectWords(child.stderr);
  const finished = ended(child, words);
  // Whoever waits for the end learns of a failure; nobody else must fall over it.
  finished.catch(() => undefined);
  child.stdin.on('error', () => child.stdin.destroy());
  return {
    // Read from the start on: what is still unread of a child's output when it ends is thrown away by Node.js.
    output: child.stdout.pipe(new PassThrough()),
    async write(bytes) {
      if (child.stdin.destroyed) return await finished;
      if (!child.stdin.write(bytes)) await Promise.race([once(child.stdin, 'drain'), finished]);
    },
    async end() {
      child.stdin.end();
      await finished;
    },
    stop() {
      child.kill();
    },
  };
}

type XzProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const startXz = (flags: readonly string[]): XzProcess =>
  startProgram('xz', ['--format=xz', '--stdout', '--quiet', ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Settings of the user's shell (XZ_OPT) would change the bytes.
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  });

function collectWords(stderr: Readable): () => string {
  let words = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  return () => words.trim();
}

/** @throws ReleasePlanError `tool-failed`, `tool-missing` */
async function ended(child: XzProcess, words: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) => {
      reject(errnoOf(error) === 'ENOENT' ? missingTool('xz', error) : error);
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new ReleasePlanError('tool-failed', `xz failed (${signal ?? `exit code ${code}`}): ${words()}`));
    });
  });
}
