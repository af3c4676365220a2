/** Which blocks of an image another image has too, by their librsync signatures. */
import { readFile } from 'node:fs/promises';
import { entryBytesOf } from '../../rdiff/block-sums.ts';
import { SIGNATURE_HEADER_BYTES, WEAK_SUM_BYTES } from '../../rdiff/format.ts';
import { readSignatureHeader, type SignatureHeader } from '../../rdiff/signature-format.ts';

/** Two blocks of two images of a million blocks each share 48 bits by chance once in 280 comparisons of images. */
const KEY_BYTES = 6;

/** A signature that was read; no longer strong sums are needed to tell blocks apart. */
export interface LoadedSignature {
  header: SignatureHeader;
  bytes: Buffer;
}

/** @throws ReleasePlanError `signature-corrupt`; a system error */
export async function loadSignature(path: string): Promise<LoadedSignature> {
  return { header: await readSignatureHeader(path), bytes: await readFile(path) };
}

/** The blocks of a target, to be asked what each of many bases lacks of them. */
export class BlockIndex {
  readonly header: SignatureHeader;
  readonly #numberOf = new Map<number, number>();
  /** How often each different block occurs. */
  readonly #counts: number[] = [];
  /** The last base that was seen to have it. */
  readonly #seenBy: number[] = [];
  #bases = 0;

  constructor(signature: LoadedSignature) {
    this.header = signature.header;
    for (const key of keysOf(signature)) {
      const number = this.#numberOf.get(key);
      if (number === undefined) {
        this.#numberOf.set(key, this.#counts.length);
        this.#counts.push(1);
        this.#seenBy.push(0);
      } else this.#counts[number] = (this.#counts[number] ?? 0) + 1;
    }
  }

  /** Whether a signature is of the same kind, so that equal blocks have equal sums. */
  suits({ header }: LoadedSignature): boolean {
    const { strong, blockBytes } = this.header;
    return (
      header.strong === strong &&
      header.blockBytes === blockBytes &&
      Math.min(header.strongBytes, this.header.strongBytes) >= KEY_BYTES
    );
  }

  /**
   * Bytes in blocks of the target that the base has at none of its block boundaries. A delta of files that moved by
   * less than a block finds more of them, so that this is the most that a delta has in literals.
   */
  missingBytes(base: LoadedSignature): number {
    this.#bases += 1;
    let found = 0;
    for (const key of keysOf(base)) {
      const number = this.#numberOf.get(key);
      if (number === undefined || this.#seenBy[number] === this.#bases) continue;
      this.#seenBy[number] = this.#bases;
      found += this.#counts[number] ?? 0;
    }
    return (this.header.blocks - found) * this.header.blockBytes;
  }
}

function* keysOf({ header, bytes }: LoadedSignature): Generator<number, void, undefined> {
  const entryBytes = entryBytesOf(header);
  for (let block = 0; block < header.blocks; block += 1)
    yield bytes.readUIntBE(SIGNATURE_HEADER_BYTES + block * entryBytes + WEAK_SUM_BYTES, KEY_BYTES);
}
