/** Writes the operations and the payload of one file. */
import { CopyWriter, appendPiece } from './copies.ts';
import type { Encoded } from './encoded.ts';
import type { Matcher, Region } from './matcher.ts';
import { OPERATION, numberBytes, openingBytes, type FileIndexes } from './operations.ts';

/** An object whole, out of the payload. */
export function spliceMetadata(content: Uint8Array, payloadAt: number): Encoded {
  return {
    payload: [content],
    operations: [OPERATION.splice, ...numberBytes(content.length), ...numberBytes(payloadAt)],
  };
}

/** A file or a link whole, out of the payload. */
export function spliceFile(content: Uint8Array, at: FileIndexes, payloadAt: number): Encoded {
  const numbers = [at.mode, at.xattrs, content.length, payloadAt].flatMap(numberBytes);
  return { payload: [content], operations: [OPERATION.splice, ...numbers] };
}

/** A file and its source, with their contents. */
export interface FilePair {
  content: Buffer;
  source: Buffer;
  /** Of the source's object, 64 hex digits. */
  sourceChecksum: string;
}

/** A file of which less than this is found in its source is sent whole. */
const LEAST_FOUND = 1 / 16;

/** Where in its part an object is written. */
export interface Place {
  payloadAt: number;
  /** What its payload may have at most; a patch that would have more gets fewer changes of place. */
  limitBytes: number;
}

/** How a file is made on the client. */
export type FileProgram =
  /** A patch in bsdiff's form, of the whole file. */
  | { kind: 'patch'; patch: Buffer }
  /** Stretches of the source, and new bytes between them. */
  | { kind: 'copies'; regions: Region[] }
  /** Nothing of it is in the source. */
  | { kind: 'whole' };

/** Bytes of a source's checksum, which stands before a patch. */
const CHECKSUM_BYTES = 32;

/**
 * Decides how a file is made from its source: by whole stretches of it, or by
 * a patch; not at all where nothing matches.
 *
 * @param limitBytes what its payload may have
 */
export function programFor(matcher: Matcher, pair: FilePair, limitBytes: number): FileProgram {
  const { content, source } = pair;
  const match = matcher.match(source, content, limitBytes - CHECKSUM_BYTES);
  const found = match.regions.reduce((sum, region) => sum + region.sizeBytes, 0);
  if (found < content.length * LEAST_FOUND) return { kind: 'whole' };
  if (isExact(pair, match.regions)) return { kind: 'copies', regions: match.regions };
  return { kind: 'patch', patch: Buffer.from(match.patch()) };
}

/** A file by a patch of its source. */
export function encodePatch(
  patch: Buffer,
  sourceChecksum: string,
  sizeBytes: number,
  at: FileIndexes,
  payloadAt: number,
): Encoded {
  return {
    payload: [Buffer.from(sourceChecksum, 'hex'), patch],
    operations: [
      ...openingBytes(sizeBytes, at),
      OPERATION.setSource,
      ...numberBytes(payloadAt),
      OPERATION.bspatch,
      ...numberBytes(payloadAt + CHECKSUM_BYTES),
      ...numberBytes(patch.length),
      OPERATION.close,
    ],
  };
}

/** Whether a patch that was made for another part is within what this one may have. */
export const fits = (patch: Buffer, limitBytes: number): boolean => patch.length + CHECKSUM_BYTES <= limitBytes;

/** Whether the regions are the same byte for byte: then there is nothing to add, and the client need not patch. */
const isExact = ({ content, source }: FilePair, regions: readonly Region[]): boolean =>
  regions.every(({ at, sourceAt, sizeBytes }) =>
    content.subarray(at, at + sizeBytes).equals(source.subarray(sourceAt, sourceAt + sizeBytes)),
  );

/** A file by stretches of its source and new bytes between them. */
export function encodeCopies(pair: FilePair, regions: readonly Region[], at: FileIndexes, payloadAt: number): Encoded {
  const { content, source, sourceChecksum } = pair;
  const writer = new CopyWriter(content.length, sourceChecksum, at, payloadAt);
  appendPiece(writer, content, source, regions);
  return writer.finish();
}
