import { stat } from 'node:fs/promises';
import { DeltaParser } from './delta-parser.ts';
import { deltaCompressionOf, readDelta, type DeltaCompression } from './delta-source.ts';
import type { Progress } from './progress.ts';

/** How often one command byte occurs, and how many bytes of the target it makes. */
export interface OpcodeCount {
  opcode: number;
  kind: 'literal' | 'copy';
  count: number;
  targetBytes: number;
}

/** What a delta is made of. */
export interface DeltaInspection {
  /** Size of the file as stored. */
  fileBytes: number;
  compression: DeltaCompression;
  /** Size of the bare delta. */
  deltaBytes: number;
  targetBytes: number;
  /** Commands without the end command. */
  commands: number;
  literals: { count: number; bytes: number };
  copies: {
    count: number;
    bytes: number;
    /** Copies that do not start where the copy before them ended: each is a seek on the device. */
    seeks: number;
    /** The base must be at least so large. */
    reachBytes: number;
  };
  /** Literal bytes by target bytes, 0 to 1; 0 for an empty target. */
  literalShare: number;
  /** By command byte, ascending; those that occur. */
  opcodes: OpcodeCount[];
  /** Commands by the length they stand for: `upToBytes` are powers of two, each bucket ends there. */
  lengths: Array<{ upToBytes: number; literals: number; copies: number }>;
}

/**
 * Reads a delta (plain or compressed) through, without a base, and counts.
 *
 * @throws ReleasePlanError `delta-not-a-delta`, `delta-truncated`, `delta-corrupt`; AbortError
 */
export async function inspectDelta(
  path: string,
  options: { signal?: AbortSignal; onProgress?: (progress: Progress) => void } = {},
): Promise<DeltaInspection> {
  const tally = new Tally();
  const parser = new DeltaParser();
  let deltaBytes = 0;
  for await (const chunk of readDelta(path, options.signal)) {
    deltaBytes += chunk.length;
    for (const part of parser.parse(chunk)) {
      if (part.kind === 'literal') tally.literal(part.opcode, part.lengthBytes);
      else if (part.kind === 'copy') tally.copy(part.opcode, part.lengthBytes, part.offset);
    }
  }
  parser.finish();
  return {
    fileBytes: (await stat(path)).size,
    compression: await deltaCompressionOf(path),
    deltaBytes,
    ...tally.result(),
  };
}

class Tally {
  readonly #literals = { count: 0, bytes: 0 };
  readonly #copies = { count: 0, bytes: 0, seeks: 0, reachBytes: 0 };
  /** Where a copy would go on without a seek. */
  #copyEnd = 0;
  readonly #opcodes = new Map<number, OpcodeCount>();
  readonly #lengths = new Map<number, { literals: number; copies: number }>();

  literal(opcode: number, lengthBytes: number): void {
    this.#literals.count += 1;
    this.#literals.bytes += lengthBytes;
    this.#count(opcode, 'literal', lengthBytes);
    this.#bucket(lengthBytes).literals += 1;
  }

  copy(opcode: number, lengthBytes: number, offset: number): void {
    this.#copies.count += 1;
    this.#copies.bytes += lengthBytes;
    if (offset !== this.#copyEnd) this.#copies.seeks += 1;
    this.#copyEnd = offset + lengthBytes;
    this.#copies.reachBytes = Math.max(this.#copies.reachBytes, this.#copyEnd);
    this.#count(opcode, 'copy', lengthBytes);
    this.#bucket(lengthBytes).copies += 1;
  }

  result(): Omit<DeltaInspection, 'fileBytes' | 'compression' | 'deltaBytes'> {
    const targetBytes = this.#literals.bytes + this.#copies.bytes;
    return {
      targetBytes,
      commands: this.#literals.count + this.#copies.count,
      literals: this.#literals,
      copies: this.#copies,
      literalShare: targetBytes === 0 ? 0 : this.#literals.bytes / targetBytes,
      opcodes: [...this.#opcodes.values()].sort((a, b) => a.opcode - b.opcode),
      lengths: [...this.#lengths]
        .sort(([a], [b]) => a - b)
        .map(([power, counts]) => ({ upToBytes: 2 ** power, ...counts })),
    };
  }

  #count(opcode: number, kind: 'literal' | 'copy', lengthBytes: number): void {
    const held = this.#opcodes.get(opcode);
    if (held === undefined) this.#opcodes.set(opcode, { opcode, kind, count: 1, targetBytes: lengthBytes });
    else {
      held.count += 1;
      held.targetBytes += lengthBytes;
    }
  }

  #bucket(lengthBytes: number): { literals: number; copies: number } {
    const power = Math.ceil(Math.log2(lengthBytes));
    const held = this.#lengths.get(power);
    if (held !== undefined) return held;
    const fresh = { literals: 0, copies: 0 };
    this.#lengths.set(power, fresh);
    return fresh;
  }
}
