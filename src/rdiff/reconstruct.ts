import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';
import { openImage, sizeOfImage } from './image-file.ts';
import { DeltaParser, type DeltaPart } from './delta-parser.ts';

/** Takes the target, piece by piece and in order. A piece is valid until the promise settles. */
export type TargetSink = (piece: Uint8Array, offset: number) => Promise<void>;

/** Two of these are all the memory that a target needs, however large it is. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** The first piece is small and the next ones grow, so that a small target costs little. */
const FIRST_PIECE_BYTES = 64 * 1024;

/**
 * Makes the target of a delta and hands it to `sink`; writes nothing itself.
 *
 * Copies are read synchronously: from the page cache a small read costs a
 * microsecond, a trip through the thread pool thirty. The sink works on one
 * piece while the next is made, and the event loop turns between pieces, so
 * that a signal is seen.
 *
 * @param delta the bare delta, in chunks of any size
 * @returns the size of the target
 * @throws ReleasePlanError `delta-*` for a malformed delta or a wrong base; whatever the sink throws
 */
export async function reconstruct(
  base: string,
  delta: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sink: TargetSink,
  signal?: AbortSignal,
): Promise<number> {
  const handle = await openImage(base);
  const pieces = new PieceWriter(sink, signal);
  try {
    const source = new BaseReader(handle, base, await sizeOfImage(handle, base));
    const parser = new DeltaParser();
    for await (const chunk of delta) {
      for (const part of parser.parse(chunk)) {
        if (part.kind === 'literal') continue;
        if (part.kind === 'copy') source.check(part.offset, part.lengthBytes);
        let done = 0;
        // Awaited only where a piece is full: there may be millions of commands.
        while ((done = perform(part, done, source, pieces)) < part.lengthBytes) await pieces.hand();
      }
    }
    parser.finish();
    return await pieces.finish();
  } finally {
    await pieces.settled();
    await handle.close();
  }
}

/** Does as much of a command as the piece in hand has room for; returns how many of its bytes are done. */
function perform(
  part: Exclude<DeltaPart, { kind: 'literal' }>,
  done: number,
  source: BaseReader,
  pieces: PieceWriter,
): number {
  const lengthBytes = Math.min(part.lengthBytes - done, pieces.roomBytes);
  if (part.kind === 'data') copyBytes(part.bytes, done, pieces.piece, pieces.filledBytes, lengthBytes);
  else source.read(pieces.piece, pieces.filledBytes, lengthBytes, part.offset + done);
  pieces.filledBytes += lengthBytes;
  return done + lengthBytes;
}

/** Below this, making a view to copy through costs more than a loop. */
const LOOP_BYTES = 48;

function copyBytes(from: Uint8Array, at: number, to: Uint8Array, place: number, lengthBytes: number): void {
  if (lengthBytes <= LOOP_BYTES) {
    for (let i = 0; i < lengthBytes; i += 1) to[place + i] = from[at + i] as number;
  } else to.set(from.subarray(at, at + lengthBytes), place);
}

/** What is read ahead for a small copy: most go on a few bytes behind the one before. */
const WINDOW_BYTES = 32 * 1024;

/** A copy of at least this size is read by itself. */
const DIRECT_BYTES = 8 * 1024;

/** Random access to the base, within its bounds. */
class BaseReader {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #windowOffset = 0;
  #windowBytes = 0;

  constructor(handle: FileHandle, path: string, sizeBytes: number) {
    this.#handle = handle;
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  check(offset: number, lengthBytes: number): void {
    if (offset + lengthBytes <= this.#sizeBytes) return;
    throw new ReleasePlanError(
      'delta-beyond-base',
      `the delta copies bytes ${offset} to ${offset + lengthBytes} of the base, but ${this.#path} has ` +
        `${this.#sizeBytes} bytes`,
    );
  }

  /** Bytes of the base from `offset` on, to `place` in `into`. */
  read(into: Uint8Array, place: number, lengthBytes: number, offset: number): void {
    if (lengthBytes >= DIRECT_BYTES) return this.#fill(into, place, lengthBytes, offset);
    if (offset < this.#windowOffset || offset + lengthBytes > this.#windowOffset + this.#windowBytes) {
      this.#windowBytes = Math.min(WINDOW_BYTES, this.#sizeBytes - offset);
      this.#windowOffset = offset;
      this.#fill(this.#window, 0, this.#windowBytes, offset);
    }
    copyBytes(this.#window, offset - this.#windowOffset, into, place, lengthBytes);
  }

  #fill(into: Uint8Array, place: number, lengthBytes: number, offset: number): void {
    for (let done = 0; done < lengthBytes;) {
      const got = readSync(this.#handle.fd, into, place + done, lengthBytes - done, offset + done);
      if (got === 0)
        throw new ReleasePlanError('delta-beyond-base', `${this.#path} was truncated while it was being read`);
      done += got;
    }
  }
}

/** Two buffers in turn: one is filled while the sink has the other. */
class PieceWriter {
  readonly #sink: TargetSink;
  readonly #signal: AbortSignal | undefined;
  /** The piece in hand, and how much of it is filled. */
  piece = Buffer.allocUnsafe(FIRST_PIECE_BYTES);
  filledBytes = 0;
  #handed = Buffer.alloc(0);
  #offset = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(sink: TargetSink, signal: AbortSignal | undefined) {
    this.#sink = sink;
    this.#signal = signal;
  }

  get roomBytes(): number {
    return this.piece.length - this.filledBytes;
  }

  /** @returns the number of bytes that went through */
  async finish(): Promise<number> {
    if (this.filledBytes > 0) await this.hand();
    await this.#pending;
    return this.#offset;
  }

  /** When this has resolved the sink is at rest, and what it writes to may be closed. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#pending]);
  }

  /** Hands the piece to the sink and gives an empty one in its place. */
  async hand(): Promise<void> {
    await this.#pending;
    this.#signal?.throwIfAborted();
    const piece = this.piece.subarray(0, this.filledBytes);
    this.#pending = this.#sink(piece, this.#offset);
    // Awaited before the next piece; a failure until then must not count as unhandled.
    this.#pending.catch(() => undefined);
    this.#offset += this.filledBytes;
    this.filledBytes = 0;
    const nextBytes = Math.min(8 * this.piece.length, PIECE_BYTES);
    const free = this.#handed;
    this.#handed = this.piece;
    this.piece = free.length < nextBytes ? Buffer.allocUnsafe(nextBytes) : free;
  }
}
