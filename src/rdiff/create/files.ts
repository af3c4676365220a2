import { fstatSync, readSync, writeSync } from 'node:fs';
import { ReleasePlanError } from '../../core/errors.ts';

/**
 * Fills `into` from a place in a file. Synchronous: these run on threads of
 * their own, straight into wasm memory, and a promise per read costs more than the read.
 *
 * @throws ReleasePlanError `io-failed` when the file ends before: it was cut while it was read
 */
export function readFully(fd: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length;) {
    const got = readSync(fd, into, done, into.length - done, position + done);
    if (got === 0)
      throw new ReleasePlanError(
        'io-failed',
        `an image was truncated at byte ${position + done} while it was being read`,
        {
          hint: 'Check whether another process writes to it.',
        },
      );
    done += got;
  }
}

/** Writes all of `from` at a place in a file. */
export function writeFully(fd: number, from: Uint8Array, position: number): void {
  for (let done = 0; done < from.length;) done += writeSync(fd, from, done, from.length - done, position + done);
}

const AHEAD_BYTES = 32 * 1024;

/** Reads small stretches of a file in ascending order: many of them from one read. */
export class AheadReader {
  readonly #fd: number;
  readonly #sizeBytes: number;
  readonly #ahead = new Uint8Array(AHEAD_BYTES);
  #start = 0;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
    this.#sizeBytes = fstatSync(fd).size;
  }

  /** Puts `length` bytes from a place in the file into `into` at `at`. */
  copy(position: number, into: Uint8Array, at: number, length: number): void {
    if (length > AHEAD_BYTES) return readFully(this.#fd, into.subarray(at, at + length), position);
    if (position < this.#start || position + length > this.#end) {
      this.#start = position;
      this.#end = Math.max(position + length, Math.min(position + AHEAD_BYTES, this.#sizeBytes));
      readFully(this.#fd, this.#ahead.subarray(0, this.#end - position), position);
    }
    const from = position - this.#start;
    // Most literals are a few bytes long: a view for each would cost more than the copy.
    if (length > 32) into.set(this.#ahead.subarray(from, from + length), at);
    else for (let one = 0; one < length; one += 1) into[at + one] = this.#ahead[from + one]!;
  }
}
