import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../errors.ts';
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
export async function reconstruct(base: string, delta: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, sink: TargetSink, signal?: AbortSignal): Promise<number> {
  const handle = await open(base, 'r');
  const pieces = new PieceWriter(sink, signal);
  try {
    const source = new BaseReader(handle, base, (await handle.stat()).size);
    const parser = new DeltaParser();
    for await (const chunk of delta) {
      for (const part of parser.parse(chunk)) await perform(part, source, pieces);
    }
    parser.finish();
    return await pieces.finish();
  } finally {
    await pieces.settled();
    await handle.close();
  }
}

async function perform(part: DeltaPart, source: BaseReader, pieces: PieceWriter): Promise<void> {
  if (part.kind === 'data') {
    for (let at = 0; at < part.bytes.length;) {
      const room = pieces.room() ?? (await pieces.nextRoom());
      const taken = part.bytes.subarray(at, at + room.length);
      room.set(taken);
      pieces.advance(taken.length);
      at += taken.length;
    }
  } else if (part.kind === 'copy') {
    source.check(part.offset, part.lengthBytes);
    for (let done = 0; done < part.lengthBytes;) {
      const room = pieces.room() ?? (await pieces.nextRoom());
      const lengthBytes = Math.min(room.length, part.lengthBytes - done);
      source.read(room.subarray(0, lengthBytes), part.offset + done);
      pieces.advance(lengthBytes);
      done += lengthBytes;
    }
  }
}

/** Random access to the base, within its bounds. */
class BaseReader {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #sizeBytes: number;

  constructor(handle: FileHandle, path: string, sizeBytes: number) {
    this.#handle = handle;
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  check(offset: number, lengthBytes: number): void {
    if (offset + lengthBytes <= this.#sizeBytes) return;
    throw new ReleasePlanError('delta-beyond-base', `the delta copies bytes ${offset} to ${offset + lengthBytes} of the base, but ${this.#path} has ${this.#sizeBytes} bytes`);
  }

  read(into: Uint8Array, offset: number): void {
    for (let done = 0; done < into.length;) {
      const got = readSync(this.#handle.fd, into, done, into.length - done, offset + done);
      if (got === 0) throw new ReleasePlanError('delta-beyond-base', `${this.#path} became shorter while it was read`);
      done += got;
    }
  }
}

/** Two buffers in turn: one is filled while the sink has the other. */
class PieceWriter {
  readonly #sink: TargetSink;
  readonly #signal: AbortSignal | undefined;
  #filling = Buffer.allocUnsafe(FIRST_PIECE_BYTES);
  #handed = Buffer.alloc(0);
  #filledBytes = 0;
  #offset = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(sink: TargetSink, signal: AbortSignal | undefined) {
    this.#sink = sink;
    this.#signal = signal;
  }

  /** What is free of the piece in hand; undefined when it is full. Not a promise: this runs for every command. */
  room(): Uint8Array | undefined {
    return this.#filledBytes === this.#filling.length ? undefined : this.#filling.subarray(this.#filledBytes);
  }

  async nextRoom(): Promise<Uint8Array> {
    await this.#hand();
    return this.#filling;
  }

  advance(lengthBytes: number): void {
    this.#filledBytes += lengthBytes;
  }

  /** @returns the number of bytes that went through */
  async finish(): Promise<number> {
    if (this.#filledBytes > 0) await this.#hand();
    await this.#pending;
    return this.#offset;
  }

  /** When this has resolved the sink is at rest, and what it writes to may be closed. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#pending]);
  }

  async #hand(): Promise<void> {
    await this.#pending;
    this.#signal?.throwIfAborted();
    const piece = this.#filling.subarray(0, this.#filledBytes);
    this.#pending = this.#sink(piece, this.#offset);
    // Awaited before the next piece; a failure until then must not count as unhandled.
    this.#pending.catch(() => undefined);
    this.#offset += this.#filledBytes;
    this.#filledBytes = 0;
    const nextBytes = Math.min(8 * this.#filling.length, PIECE_BYTES);
    const free = this.#handed;
    this.#handed = this.#filling;
    this.#filling = free.length < nextBytes ? Buffer.allocUnsafe(nextBytes) : free;
  }
}
