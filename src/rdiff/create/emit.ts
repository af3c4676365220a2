import { createHash } from 'node:crypto';
import { putCopy, putEnd, putLiteralHead, putMagic } from '../encode.ts';
import { COMMAND_MAX_BYTES } from '../format.ts';
import { AheadReader, writeFully } from './files.ts';
import type { CommandCounts, MatchFile, SegmentCommands } from './match-file.ts';
import type { Match } from './matches.ts';

/** What a delta consists of. */
export interface DeltaCounts extends CommandCounts {
  deltaBytes: number;
  /** 64 hex digits. */
  deltaSha256: string;
}

const BUFFER_BYTES = 1024 * 1024;

/**
 * Puts a delta together from the commands of segments, in order: what lies between
 * them becomes literals, and what goes on in base and target alike becomes one
 * copy. No command is empty, and no two neighbours could be one.
 */
export class DeltaWriter {
  readonly #literals: AheadReader;
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #counts = { deltaBytes: 0, copies: 0, literals: 0, copyBytes: 0, literalBytes: 0 };
  #used = 0;
  /** Target bytes that are dealt with, the open copy included. */
  #done = 0;
  #copyBase = 0;
  #copyBytes = 0;

  /**
   * @param targetFd open for reading: where literals come from
   * @param deltaFd open for writing, empty
   */
  constructor(targetFd: number, deltaFd: number) {
    this.#literals = new AheadReader(targetFd);
    this.#fd = deltaFd;
    this.#used = putMagic(this.#buffer, 0);
  }

  get deltaBytes(): number {
    return this.#counts.deltaBytes + this.#used;
  }

  /** Goes on with a segment. */
  segment({ ends, pieces, counts }: SegmentCommands, file: MatchFile): void {
    if (ends === undefined) return;
    this.#match(ends.first);
    if (ends.last.target === ends.first.target) return;
    this.#endCopy();
    for (const piece of pieces)
      for (let from = 0; from < piece.sizeBytes;) {
        this.#reserve(1);
        const take = Math.min(piece.sizeBytes - from, BUFFER_BYTES - this.#used);
        file.readBytes(piece, this.#buffer.subarray(this.#used, this.#used + take), from);
        this.#used += take;
        from += take;
      }
    this.#counts.copies += counts.copies;
    this.#counts.literals += counts.literals;
    this.#counts.copyBytes += counts.copyBytes;
    this.#counts.literalBytes += counts.literalBytes;
    this.#done = ends.last.target;
    this.#match(ends.last);
  }

  /** Goes on with a match; `target` is not before the end of the last one. */
  #match({ target, base, length }: Match): void {
    if (target !== this.#done || base !== this.#copyBase + this.#copyBytes || this.#copyBytes === 0) {
      this.#literalTo(target);
      this.#copyBase = base;
    }
    this.#copyBytes += length;
    this.#done = target + length;
  }

  /** Ends the delta. */
  finish(targetBytes: number): DeltaCounts {
    this.#literalTo(targetBytes);
    this.#reserve(1);
    this.#used = putEnd(this.#buffer, this.#used);
    this.#flush();
    return { ...this.#counts, deltaSha256: this.#hash.digest('hex') };
  }

  /** Writes the open copy. */
  #endCopy(): void {
    if (this.#copyBytes === 0) return;
    this.#reserve(COMMAND_MAX_BYTES);
    this.#used = putCopy(this.#buffer, this.#used, this.#copyBase, this.#copyBytes);
    this.#counts.copies += 1;
    this.#counts.copyBytes += this.#copyBytes;
    this.#copyBytes = 0;
  }

  /** Writes the open copy, and everything from there to `target` as a literal. */
  #literalTo(target: number): void {
    this.#endCopy();
    const length = target - this.#done;
    if (length === 0) return;
    this.#reserve(COMMAND_MAX_BYTES);
    this.#used = putLiteralHead(this.#buffer, this.#used, length);
    this.#counts.literals += 1;
    this.#counts.literalBytes += length;
    while (this.#done < target) {
      this.#reserve(1);
      const take = Math.min(target - this.#done, BUFFER_BYTES - this.#used);
      this.#literals.copy(this.#done, this.#buffer, this.#used, take);
      this.#used += take;
      this.#done += take;
    }
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    const whole = this.#buffer.subarray(0, this.#used);
    this.#hash.update(whole);
    writeFully(this.#fd, whole, this.#counts.deltaBytes);
    this.#counts.deltaBytes += this.#used;
    this.#used = 0;
  }
}

/**
 * Writes the delta for what consecutive segments come to.
 *
 * @param pause awaited after each segment with the bytes written so far: lets the event loop run, and throws to stop
 */
export async function emitDelta(
  segments: Iterable<SegmentCommands>,
  file: MatchFile,
  targetBytes: number,
  fds: { target: number; delta: number },
  pause: (doneBytes: number) => Promise<void>,
): Promise<DeltaCounts> {
  const writer = new DeltaWriter(fds.target, fds.delta);
  for (const segment of segments) {
    writer.segment(segment, file);
    await pause(writer.deltaBytes);
  }
  return writer.finish(targetBytes);
}
