import { ReleasePlanError } from '../core/errors.ts';
import { COMMANDS, COMMAND_MAX_BYTES, DELTA_MAGIC, MAGIC_BYTES, SIGNATURE_KINDS } from './format.ts';

/** What a delta says, in order. A literal command is followed by its data in one or more pieces. */
export type DeltaPart =
  | { kind: 'copy'; opcode: number; offset: number; lengthBytes: number }
  | { kind: 'literal'; opcode: number; lengthBytes: number }
  /** A piece of the current literal: a view into the chunk that was given to {@link DeltaParser.parse}. */
  | { kind: 'data'; bytes: Uint8Array; lengthBytes: number };

/**
 * Reads a delta from chunks of any size. Holds no more of it than one command,
 * so a delta that claims a literal of terabytes costs nothing until it comes.
 *
 * Stricter than `rdiff patch` in one point: bytes after the end command are an
 * error, since they are a sign of a file that was put together wrongly.
 *
 * @see librsync src/patch.c, which this follows in what it refuses
 */
export class DeltaParser {
  /** Bytes of the delta understood so far: where an error is. */
  #position = 0;
  #state: 'magic' | 'commands' | 'ended' = 'magic';
  #literalLeftBytes = 0;
  /** A command (or the magic number) that a chunk's end cuts in two. */
  readonly #held = new Uint8Array(COMMAND_MAX_BYTES);
  #heldBytes = 0;

  /**
   * The parts that end or continue in this chunk.
   *
   * @throws ReleasePlanError `delta-not-a-delta`, `delta-corrupt` with the position
   */
  *parse(chunk: Uint8Array): Generator<DeltaPart, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#literalLeftBytes > 0) {
        const bytes = chunk.subarray(at, at + Math.min(this.#literalLeftBytes, chunk.length - at));
        at += bytes.length;
        this.#position += bytes.length;
        this.#literalLeftBytes -= bytes.length;
        yield { kind: 'data', bytes, lengthBytes: bytes.length };
        continue;
      }
      if (this.#state === 'ended') throw this.#corrupt('data after the end command');
      const neededBytes = this.#neededBytes(this.#heldBytes > 0 ? this.#held[0] : chunk[at]);
      const takenBytes = Math.min(neededBytes - this.#heldBytes, chunk.length - at);
      const isWhole = this.#heldBytes + takenBytes === neededBytes;
      if (isWhole && this.#heldBytes === 0) {
        const part = this.#decode(chunk, at, neededBytes);
        if (part) yield part;
      } else {
        this.#held.set(chunk.subarray(at, at + takenBytes), this.#heldBytes);
        this.#heldBytes += takenBytes;
        if (isWhole) {
          this.#heldBytes = 0;
          const part = this.#decode(this.#held, 0, neededBytes);
          if (part) yield part;
        }
      }
      at += takenBytes;
    }
  }

  /**
   * To be called when there are no more chunks.
   *
   * @throws ReleasePlanError `delta-truncated` when the end command has not come
   */
  finish(): void {
    if (this.#state === 'ended') return;
    const what =
      this.#state === 'magic'
        ? 'within its magic number'
        : this.#literalLeftBytes > 0
          ? `${this.#literalLeftBytes} bytes before the end of a literal`
          : this.#heldBytes > 0
            ? 'within a command'
            : 'without an end command';
    throw new ReleasePlanError(
      'delta-truncated',
      `the delta ends at byte ${this.#position + this.#heldBytes}, ${what}`,
    );
  }

  #neededBytes(opcode: number | undefined): number {
    if (this.#state === 'magic') return MAGIC_BYTES;
    const shape = COMMANDS[opcode ?? 0];
    if (shape?.kind === 'literal') return 1 + shape.lengthWidth;
    return shape?.kind === 'copy' ? 1 + shape.offsetWidth + shape.lengthWidth : 1;
  }

  /** Decodes what stands whole at `at`; undefined for the magic number and the end command. */
  #decode(bytes: Uint8Array, at: number, sizeBytes: number): DeltaPart | undefined {
    if (this.#state === 'magic') {
      const magic = this.#number(bytes, at, MAGIC_BYTES);
      if (magic !== DELTA_MAGIC) throw notADelta(magic);
      this.#state = 'commands';
      this.#position += sizeBytes;
      return undefined;
    }
    const part = this.#command(bytes, at);
    this.#position += sizeBytes;
    return part;
  }

  #command(bytes: Uint8Array, at: number): DeltaPart | undefined {
    const opcode = bytes[at] ?? 0;
    const shape = COMMANDS[opcode];
    switch (shape?.kind) {
      case 'end':
        this.#state = 'ended';
        return undefined;
      case 'literal': {
        const lengthBytes =
          shape.lengthWidth === 0 ? shape.lengthBytes : this.#number(bytes, at + 1, shape.lengthWidth);
        if (lengthBytes === 0) throw this.#corrupt('an empty literal');
        this.#literalLeftBytes = lengthBytes;
        return { kind: 'literal', opcode, lengthBytes };
      }
      case 'copy': {
        const offset = this.#number(bytes, at + 1, shape.offsetWidth);
        const lengthBytes = this.#number(bytes, at + 1 + shape.offsetWidth, shape.lengthWidth);
        if (lengthBytes === 0) throw this.#corrupt('an empty copy');
        if (!Number.isSafeInteger(offset + lengthBytes))
          throw this.#corrupt(`a copy from ${offset} that ends past 2^53`);
        return { kind: 'copy', opcode, offset, lengthBytes };
      }
      default:
        throw this.#corrupt(`the command 0x${opcode.toString(16)}, which librsync reserves`);
    }
  }

  /** A big-endian number; 2^53 is far beyond any image, and beyond what a double holds exactly. */
  #number(bytes: Uint8Array, at: number, widthBytes: number): number {
    let value = 0;
    for (let i = 0; i < widthBytes; i += 1) value = value * 256 + (bytes[at + i] ?? 0);
    if (!Number.isSafeInteger(value)) throw this.#corrupt('a number of 2^53 or more');
    return value;
  }

  #corrupt(what: string): ReleasePlanError {
    return new ReleasePlanError('delta-corrupt', `the delta is corrupt at byte ${this.#position}: ${what}`);
  }
}

function notADelta(magic: number): ReleasePlanError {
  const found = `0x${magic.toString(16).padStart(8, '0')}`;
  const message = `not a librsync delta: it starts with ${found}, not 0x${DELTA_MAGIC.toString(16)}`;
  const isSignature = SIGNATURE_KINDS.some((kind) => kind.magic === magic);
  return new ReleasePlanError(
    'delta-not-a-delta',
    message,
    isSignature ? { hint: 'This is a signature; pass a delta.' } : {},
  );
}
