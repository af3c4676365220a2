import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ReleasePlanError } from '../../core/errors.ts';

/** How many structures of an image are looked at, at most: some tens of seconds of work for the worst of images. */
const MOST_STEPS = 200_000_000;

/** No honest image needs more steps than this for each of its bytes. */
const STEPS_PER_BYTE = 1 / 16;

/** What the smallest image may take: a squashfs of a few MiB can hold a million files. */
const LEAST_STEPS = 32_000_000;

/** How much {@link ImageBytes.view} reads ahead. */
const WINDOW_BYTES = 256 * 1024;

/**
 * The bytes of an image, read at any place and never beyond its end, with a count of the work that is done on them:
 * an image that refers to itself in circles ends in an error.
 *
 * Reads are synchronous: from the page cache a small one takes a microsecond, through the thread pool thirty.
 */
export class ImageBytes {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #fd: number;
  #stepsLeft: number;
  #window: { startByte: number; bytes: Buffer } = { startByte: 0, bytes: Buffer.alloc(0) };

  /** @throws a system error when the image cannot be opened */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#fd).size;
    this.#stepsLeft = Math.min(MOST_STEPS, LEAST_STEPS + this.sizeBytes * STEPS_PER_BYTE);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /**
   * A copy of `lengthBytes` bytes.
   *
   * @throws ReleasePlanError `image-corrupt` when they are not all within the image
   */
  read(startByte: number, lengthBytes: number, what: string): Buffer {
    this.step();
    if (!(startByte >= 0 && lengthBytes >= 0 && startByte + lengthBytes <= this.sizeBytes))
      throw this.corrupt(`${what} at byte ${startByte}, ${lengthBytes} bytes long, is not within its bytes`);
    const buffer = Buffer.allocUnsafe(lengthBytes);
    for (let done = 0; done < lengthBytes;) {
      const got = readSync(this.#fd, buffer, done, lengthBytes - done, startByte + done);
      if (got === 0) throw this.corrupt(`it became shorter while ${what} was read`);
      done += got;
    }
    return buffer;
  }

  /**
   * As {@link read}, for many small reads that follow one another: gives a view that the next call may overwrite.
   *
   * @throws ReleasePlanError `image-corrupt` as {@link read}
   */
  view(startByte: number, lengthBytes: number, what: string): Buffer {
    const window = this.#window;
    const within = startByte - window.startByte;
    if (within >= 0 && within + lengthBytes <= window.bytes.length)
      return window.bytes.subarray(within, within + lengthBytes);
    const readBytes = Math.min(Math.max(WINDOW_BYTES, lengthBytes), this.sizeBytes - startByte);
    const bytes = this.read(startByte, Math.max(lengthBytes, readBytes), what);
    this.#window = { startByte, bytes };
    return bytes.subarray(0, lengthBytes);
  }

  /**
   * Counts work.
   *
   * @throws ReleasePlanError `image-corrupt` when it is more than an image of this size can need
   */
  step(steps = 1): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw this.corrupt('its structures refer to more than an image of its size can hold');
  }

  /** The error for an image that is not what its kind of file system demands. */
  corrupt(problem: string): ReleasePlanError {
    return new ReleasePlanError('image-corrupt', `${this.path}: ${problem}`);
  }

  /** The error for an image that is well but uses what is not read here. */
  unsupported(feature: string): ReleasePlanError {
    return new ReleasePlanError('image-unsupported', `${this.path}: ${feature} is not read here`);
  }
}
