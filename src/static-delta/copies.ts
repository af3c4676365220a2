/** Writes a file as stretches of its source and new bytes between them: a client needs no memory for that. */
import type { Encoded } from './encoded.ts';
import type { Region } from './matcher.ts';
import { OPERATION, numberBytes, openingBytes, type FileIndexes } from './operations.ts';

/** A copy costs about this much; equal bytes between two differences that are fewer are sent. */
const LEAST_COPY_BYTES = 32;

/** The stretches within regions that are the same byte for byte, in order, short ones left out. */
export function* exactStretches(content: Buffer, source: Buffer, regions: readonly Region[]): Generator<Region> {
  for (const { at, sourceAt, sizeBytes } of regions) {
    let start = 0;
    for (let n = 0; n <= sizeBytes; n += 1) {
      if (n < sizeBytes && content[at + n] === source[sourceAt + n]) continue;
      if (n - start >= LEAST_COPY_BYTES) yield { at: at + start, sourceAt: sourceAt + start, sizeBytes: n - start };
      start = n + 1;
    }
  }
}

/** Takes a file from its start to its end. */
export class CopyWriter {
  /** New bytes so far. */
  literalBytes = 0;
  readonly #payloadAt: number;
  readonly #payload: Uint8Array[];
  readonly #operations: number[];
  #readsSource = false;
  /** The last copy, which the next one may continue. */
  #copy: { sourceAt: number; sizeBytes: number } | undefined;

  constructor(sizeBytes: number, sourceChecksum: string, at: FileIndexes, payloadAt: number) {
    this.#payloadAt = payloadAt;
    this.#payload = [Buffer.from(sourceChecksum, 'hex')];
    this.#operations = openingBytes(sizeBytes, at);
  }

  /** Appends bytes of the source. */
  copy(sourceAt: number, sizeBytes: number): void {
    if (this.#copy !== undefined && this.#copy.sourceAt + this.#copy.sizeBytes === sourceAt) {
      this.#copy.sizeBytes += sizeBytes;
      return;
    }
    this.#endCopy();
    this.#copy = { sourceAt, sizeBytes };
  }

  /** Appends new bytes, which are not changed afterwards. */
  literal(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#endCopy();
    if (this.#readsSource) this.#operations.push(OPERATION.unsetSource);
    this.#readsSource = false;
    const offset = this.#payloadAt + 32 + this.literalBytes;
    this.#operations.push(OPERATION.write, ...numberBytes(bytes.length), ...numberBytes(offset));
    this.#payload.push(bytes);
    this.literalBytes += bytes.length;
  }

  /** Closes the file. */
  finish(): Encoded {
    this.#endCopy();
    this.#operations.push(OPERATION.close);
    return { payload: this.#payload, operations: this.#operations };
  }

  #endCopy(): void {
    if (this.#copy === undefined) return;
    if (!this.#readsSource) this.#operations.push(OPERATION.setSource, ...numberBytes(this.#payloadAt));
    this.#readsSource = true;
    const { sourceAt, sizeBytes } = this.#copy;
    this.#operations.push(OPERATION.write, ...numberBytes(sizeBytes), ...numberBytes(sourceAt));
    this.#copy = undefined;
  }
}

/** Appends a piece of a file: what regions of a piece of its source have of it, and the rest as it is. */
export function appendPiece(
  writer: CopyWriter,
  content: Buffer,
  source: Buffer,
  regions: readonly Region[],
  sourceStart = 0,
): void {
  let made = 0;
  for (const { at, sourceAt, sizeBytes } of exactStretches(content, source, regions)) {
    writer.literal(content.subarray(made, at));
    writer.copy(sourceStart + sourceAt, sizeBytes);
    made = at + sizeBytes;
  }
  writer.literal(content.subarray(made));
}
