import { ReleasePlanError } from '../core/errors.ts';
import { openImage, sizeOfImage } from './image-file.ts';
import {
  SIGNATURE_HEADER_BYTES,
  SIGNATURE_KINDS,
  WEAK_SUM_BYTES,
  type SignatureKind,
  type StrongSum,
  type WeakSum,
} from './format.ts';

/** What a signature's header says, and what follows from the size of its file. */
export interface SignatureHeader {
  strong: StrongSum;
  weak: WeakSum;
  blockBytes: number;
  strongBytes: number;
  /** Number of blocks whose sums the file holds. */
  blocks: number;
}

/** The kind of signature with these two sums. */
export function signatureKind(strong: StrongSum, weak: WeakSum): SignatureKind {
  const kind = SIGNATURE_KINDS.find((one) => one.strong === strong && one.weak === weak);
  if (kind === undefined) throw new ReleasePlanError('usage', `librsync has no signature with ${strong} and ${weak}`);
  return kind;
}

/**
 * The block length that rdiff takes for a base of this size: its square root
 * cut to a multiple of 128, at least 256.
 *
 * @see librsync src/sumset.c, rs_sig_args (2.3.2)
 */
export const defaultBlockBytes = (baseBytes: number): number =>
  baseBytes <= 256 * 256 ? 256 : Math.floor(Math.sqrt(baseBytes) / 128) * 128;

/**
 * The shortest strong sum (`rdiff -S -1`) by which a false match is no more
 * likely than 2^-32 over a base of this size.
 *
 * @see librsync src/sumset.c, rs_sig_args (2.3.2)
 */
export function minimumStrongBytes(baseBytes: number, blockBytes: number): number {
  const bits =
    Math.floor(Math.log2(baseBytes + 2 ** 24)) + Math.floor(Math.log2(Math.floor(baseBytes / blockBytes) + 1));
  return 2 + Math.floor((bits + 7) / 8);
}

/** The twelve bytes that a signature starts with. */
export function encodeSignatureHeader({
  strong,
  weak,
  blockBytes,
  strongBytes,
}: Omit<SignatureHeader, 'blocks'>): Buffer {
  const header = Buffer.alloc(SIGNATURE_HEADER_BYTES);
  header.writeUInt32BE(signatureKind(strong, weak).magic, 0);
  header.writeUInt32BE(blockBytes, 4);
  header.writeUInt32BE(strongBytes, 8);
  return header;
}

/**
 * Reads the header of a signature of any of the four kinds.
 *
 * @throws ReleasePlanError `signature-corrupt` when it is none, or not whole
 */
export async function readSignatureHeader(path: string): Promise<SignatureHeader> {
  const handle = await openImage(path);
  try {
    const size = await sizeOfImage(handle, path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SIGNATURE_HEADER_BYTES), 0, SIGNATURE_HEADER_BYTES, 0);
    if (bytesRead < SIGNATURE_HEADER_BYTES) throw corrupt(path, `${bytesRead} bytes are too few for a header`);
    return decodeHeader(path, buffer, size);
  } finally {
    await handle.close();
  }
}

function decodeHeader(path: string, header: Buffer, fileBytes: number): SignatureHeader {
  const magic = header.readUInt32BE(0);
  const kind = SIGNATURE_KINDS.find((one) => one.magic === magic);
  if (kind === undefined)
    throw corrupt(
      path,
      `it starts with 0x${magic.toString(16).padStart(8, '0')}, which is not the magic number of a signature`,
    );
  const blockBytes = header.readUInt32BE(4);
  const strongBytes = header.readUInt32BE(8);
  if (blockBytes === 0) throw corrupt(path, 'its block length is 0');
  if (strongBytes === 0 || strongBytes > kind.maxStrongBytes)
    throw corrupt(path, `strong sums of ${strongBytes} bytes, where ${kind.strong} has 1 to ${kind.maxStrongBytes}`);
  const blocks = (fileBytes - SIGNATURE_HEADER_BYTES) / (WEAK_SUM_BYTES + strongBytes);
  if (!Number.isInteger(blocks)) throw corrupt(path, `${fileBytes} bytes are not a whole number of blocks`);
  return { strong: kind.strong, weak: kind.weak, blockBytes, strongBytes, blocks };
}

const corrupt = (path: string, what: string): ReleasePlanError =>
  new ReleasePlanError('signature-corrupt', `${path} is not a complete librsync signature: ${what}`);
