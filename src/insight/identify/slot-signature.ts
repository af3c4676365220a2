import { readFile, stat } from 'node:fs/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import { entryBytesOf } from '../../rdiff/block-sums.ts';
import { SIGNATURE_HEADER_BYTES } from '../../rdiff/format.ts';
import { readSignatureHeader, type SignatureHeader } from '../../rdiff/signature-format.ts';

/** A signature in memory. */
export interface SlotSignature {
  header: SignatureHeader;
  /** Sums of a block as they stand in the file. */
  entry(block: number): Buffer;
}

/** A signature of a thousandth of its slot stays far below this. */
const MOST_BYTES = 512 * 1024 * 1024;
const LEAST_BLOCK_BYTES = 128;
const MOST_BLOCK_BYTES = 16 * 1024 * 1024;
/** Below this, blocks that differ may have equal sums by chance. */
const LEAST_STRONG_BYTES = 8;

/**
 * Reads the signature that a device made of its slot.
 *
 * @throws ReleasePlanError `signature-corrupt`, `signature-unsuitable`
 */
export async function readSlotSignature(path: string): Promise<SlotSignature> {
  const header = await readSignatureHeader(path);
  const { size } = await stat(path);
  const problem =
    header.blocks === 0
      ? 'it has no blocks'
      : header.blockBytes < LEAST_BLOCK_BYTES || header.blockBytes > MOST_BLOCK_BYTES
        ? `its blocks have ${header.blockBytes} bytes`
        : header.strongBytes < LEAST_STRONG_BYTES
          ? `its sums have ${header.strongBytes} bytes`
          : size > MOST_BYTES
            ? `it has ${size} bytes`
            : undefined;
  if (problem !== undefined)
    throw new ReleasePlanError('signature-unsuitable', `${path} cannot tell an image by: ${problem}`);
  return await loadEntries(path, header);
}

/** A signature whose header was read. */
export async function loadEntries(path: string, header: SignatureHeader): Promise<SlotSignature> {
  const bytes = await readFile(path);
  const entryBytes = entryBytesOf(header);
  return {
    header,
    entry: (block) => {
      const at = SIGNATURE_HEADER_BYTES + block * entryBytes;
      return bytes.subarray(at, at + entryBytes);
    },
  };
}
