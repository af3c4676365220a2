import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import { LIST_COUNTER_AT } from './layout.ts';
import { readFully, writeFully } from './files.ts';
import { MATCH_STRIDE, MatchBuffer, type Match, type Matches } from './matches.ts';

const MATCH_BYTES = MATCH_STRIDE * Float64Array.BYTES_PER_ELEMENT;

/** The matches of a segment, as they stand in the file of matches. */
export interface MatchList {
  /** How many matches stand before it in the file. */
  at: number;
  count: number;
  /** Target bytes of the segment that they leave uncovered. */
  leftBytes: number;
}

/** Bytes in the file of matches. */
export interface Piece {
  /** Their place, counted in matches. */
  at: number;
  sizeBytes: number;
}

/** What a segment comes to in the delta. */
export interface SegmentCommands {
  /** Its first copy and its last, the same where there is one; absent where there is none. */
  ends?: { first: Match; last: Match };
  /** The commands between these two. */
  pieces: readonly Piece[];
  /** What those are. */
  counts: CommandCounts;
}

/** Numbers of commands, and of the target bytes that they make. */
export interface CommandCounts {
  copies: number;
  literals: number;
  copyBytes: number;
  literalBytes: number;
}

/**
 * The lists of matches of all segments, in a file: there may be millions of
 * matches, and in a file they stay within any memory limit. A list that grows
 * is written anew. Every thread has one of these over the same file.
 */
export class MatchFile {
  readonly #fd: number;
  readonly #written: Int32Array;
  readonly #buffer = new MatchBuffer();

  /**
   * @param fd open for reading and writing
   * @param memory shared by all threads, with what they have written so far
   */
  constructor(fd: number, memory: WebAssembly.Memory) {
    this.#fd = fd;
    this.#written = new Int32Array(memory.buffer, LIST_COUNTER_AT, 1);
  }

  /** The matches of a list, until the next call. */
  read({ at, count }: MatchList): Matches {
    const matches = this.#buffer.of(count);
    if (count > 0) readFully(this.#fd, bytesOf(matches), at * MATCH_BYTES);
    return matches;
  }

  append(matches: Matches, leftBytes: number): MatchList {
    const count = matches.length / MATCH_STRIDE;
    return { at: this.appendBytes(bytesOf(matches)).at, count, leftBytes };
  }

  /** Keeps bytes of another kind beside the lists. */
  appendBytes(bytes: Uint8Array): Piece {
    const at = Atomics.add(this.#written, 0, Math.ceil(bytes.length / MATCH_BYTES)) >>> 0;
    writeFully(this.#fd, bytes, at * MATCH_BYTES);
    return { at, sizeBytes: bytes.length };
  }

  /** Fills `into` with a part of a piece. */
  readBytes({ at }: Piece, into: Uint8Array, from: number): void {
    readFully(this.#fd, into, at * MATCH_BYTES + from);
  }
}

const bytesOf = (matches: Matches): Uint8Array =>
  new Uint8Array(matches.buffer, matches.byteOffset, matches.byteLength);

/**
 * Opens a file of matches beside the delta, where there is room for that as
 * well; it has no name, and ends with its handle.
 *
 * @throws ReleasePlanError `io-failed`
 */
export async function openMatchFile(delta: string): Promise<FileHandle> {
  const path = `${delta}.matches-${randomBytes(4).toString('hex')}`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'wx+');
    await rm(path);
    return handle;
  } catch (cause) {
    await handle?.close();
    throw new ReleasePlanError(
      'io-failed',
      `cannot create ${path} for the matches of the delta engine: ${messageOf(cause)}`,
      { cause },
    );
  }
}
