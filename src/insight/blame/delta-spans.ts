import { COMMANDS, MAGIC_BYTES } from '../../rdiff/format.ts';
import { DeltaParser } from '../../rdiff/delta-parser.ts';
import type { StoredChunk } from './stored-chunks.ts';

/** Bytes of a delta that serve one purpose, in order; costs are places in the file as stored and follow one another. */
export type DeltaSpan =
  | { kind: 'command'; costFrom: number; costTo: number }
  | {
      kind: 'literal';
      costFrom: number;
      costTo: number;
      /** Of the chunk that the literal lies in, and where in it: tells what each byte takes. */
      placeOf: StoredChunk['placeOf'];
      chunkByte: number;
      targetByte: number;
      bytes: Uint8Array;
    };

/** What a delta was found to be when it was read to its end. */
export interface DeltaTotals {
  deltaBytes: number;
  targetBytes: number;
  literalBytes: number;
  /** The base has at least so many bytes. */
  reachBytes: number;
}

/**
 * Tells a delta's literals from its commands, with what each costs in the file as stored.
 *
 * @param totals filled in as the delta is read
 * @throws ReleasePlanError `delta-not-a-delta`, `delta-truncated`, `delta-corrupt`
 */
export async function* deltaSpans(
  chunks: AsyncIterable<StoredChunk>,
  totals: DeltaTotals,
): AsyncGenerator<DeltaSpan, void, undefined> {
  const parser = new DeltaParser();
  let paid = 0;
  /** The end of what is accounted for, in the bare delta. */
  let at = 0;
  for await (const { bytes, placeOf } of chunks) {
    const chunkAt = totals.deltaBytes;
    const costAt = (place: number): number => placeOf(place - chunkAt);
    const command = (end: number): DeltaSpan => {
      const span: DeltaSpan = { kind: 'command', costFrom: paid, costTo: costAt(end) };
      paid = span.costTo;
      at = end;
      return span;
    };
    totals.deltaBytes += bytes.length;
    for (const part of parser.parse(bytes)) {
      if (part.kind === 'copy') totals.reachBytes = Math.max(totals.reachBytes, part.offset + part.lengthBytes);
      if (part.kind === 'copy') totals.targetBytes += part.lengthBytes;
      if (part.kind !== 'data') {
        yield command((at === 0 ? MAGIC_BYTES : at) + commandBytes(part.opcode));
        continue;
      }
      const start = at;
      const end = start + part.lengthBytes;
      yield {
        kind: 'literal',
        costFrom: paid,
        costTo: costAt(end),
        placeOf,
        chunkByte: start - chunkAt,
        targetByte: totals.targetBytes,
        bytes: part.bytes,
      };
      paid = costAt(end);
      at = end;
      totals.targetBytes += part.lengthBytes;
      totals.literalBytes += part.lengthBytes;
    }
    // What is left is a command that the next chunk ends, or the delta's end: commands both.
    const costTo = placeOf(bytes.length);
    if (at < totals.deltaBytes && paid < costTo) {
      yield { kind: 'command', costFrom: paid, costTo };
      paid = costTo;
    }
  }
  parser.finish();
}

function commandBytes(opcode: number): number {
  const shape = COMMANDS[opcode];
  if (shape?.kind === 'literal') return 1 + shape.lengthWidth;
  return shape?.kind === 'copy' ? 1 + shape.offsetWidth + shape.lengthWidth : 1;
}
