/**
 * Standard output and standard error, which lead wherever the user says: to a
 * pipe that is closed, to a disk that is full. Neither may end a run in the
 * middle: a build of hours goes on, and the exit code tells.
 */
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A stream of Node.js for a file or a device; pipes and terminals have others. */
type FileStream = NodeJS.WriteStream & { _write: Writable['_write'] };

/** What became of the results of the command that runs now. */
let lost: Error | undefined;
let isTamed = false;

/**
 * Takes care of both streams, once in a process; from here on what went before is forgotten.
 *
 * On standard error a failure is nobody's business: there is no other place to tell of it.
 */
export function tameStreams(): void {
  lost = undefined;
  if (isTamed) return;
  isTamed = true;
  process.stdout.on('error', noteLost);
  process.stderr.on('error', () => undefined);
  for (const stream of [process.stdout, process.stderr])
    if (isFileStream(stream)) stream._write = writeWhole(stream.fd);
}

/** Writes a result. What the system fails with is kept for {@link lostResults}. */
export function writeResult(text: string): void {
  write(process.stdout, text, noteLost);
}

/** Writes for the person who waits, as far as that is possible. */
export function writeMessage(text: string): void {
  write(process.stderr, text, () => undefined);
}

/**
 * Why the results of this command are not where they were to go, once all of them were tried; undefined when they are,
 * or when a reader went away, which is its own choice: `release-plan ... | head`.
 */
export async function lostResults(): Promise<Error | undefined> {
  const { stdout } = process;
  if (stdout.writableLength > 0) await new Promise((resolve) => stdout.write('', resolve));
  // A stream tells of the failure of its last write a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  return lost;
}

function noteLost(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') lost ??= error;
}

function write(stream: NodeJS.WriteStream, text: string, onFailure: (error: NodeJS.ErrnoException) => void): void {
  try {
    stream.write(text);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    onFailure(error as NodeJS.ErrnoException);
  }
}

const isFileStream = (stream: NodeJS.WriteStream): stream is FileStream =>
  stream.constructor.name === 'SyncWriteStream';

/**
 * Node.js takes a short write for a whole one; on a disk that is nearly full,
 * results would end in the middle and nobody would be told.
 *
 * @see lib/internal/fs/sync_write_stream.js of Node.js 20
 */
function writeWhole(fd: number): Writable['_write'] {
  return (chunk: Buffer | string, encoding, done) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}
