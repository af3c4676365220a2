import { readSync } from 'node:fs';
import { ReleasePlanError } from '../core/errors.ts';
import { WEAK_SUM_BYTES, type StrongSum, type WeakSum } from './format.ts';
import { WASM_PAGE_BYTES, wasmMemory } from './wasm-memory.ts';
import { instantiate } from './wasm.ts';

/** Exports of src/rdiff/wasm/assembly/entries/signature.ts; addresses are byte offsets into the memory. */
interface SignatureExports {
  prepare(scratch: number): void;
  signBlocks(
    isBlake2: number,
    isRabinkarp: number,
    at: number,
    blockBytes: number,
    blocks: number,
    strongBytes: number,
    out: number,
    scratch: number,
  ): void;
  beginBlock(isBlake2: number, isRabinkarp: number, scratch: number): void;
  addPiece(
    isBlake2: number,
    isRabinkarp: number,
    at: number,
    lengthBytes: number,
    beforeBytes: number,
    scratch: number,
  ): void;
  endBlock(
    isBlake2: number,
    isRabinkarp: number,
    at: number,
    lengthBytes: number,
    beforeBytes: number,
    out: number,
    scratch: number,
  ): void;
}

/** How the blocks of one signature are summed. */
export interface BlockSumSettings {
  strong: StrongSum;
  weak: WeakSum;
  blockBytes: number;
  strongBytes: number;
}

/** Blocks that are read and summed in one go. */
export interface BlockRange {
  firstBlock: number;
  blocks: number;
}

/**
 * Bytes that are read and summed by one call into wasm: enough that the call
 * costs nothing, small enough that it stays in the cache and tiers up.
 */
export const PIECE_BYTES = 2 * 1024 * 1024;

/** Written past the last entry at most: a full strong sum where a shorter one is kept. */
const OUT_SLACK_BYTES = 64;

/** Computes the sums of blocks of one base, through a wasm memory of its own. */
export class BlockSums {
  readonly #fd: number;
  readonly #baseBytes: number;
  readonly #settings: BlockSumSettings;
  readonly #exports: SignatureExports;
  readonly #bytes: Uint8Array;
  /** Scratch of wasm at 0, the input on the next page, the sums behind it. */
  readonly #input = WASM_PAGE_BYTES;
  readonly #out = WASM_PAGE_BYTES + PIECE_BYTES;

  /**
   * @param module the wasm module `signature`
   * @param fd the base, open for reading
   */
  constructor(module: WebAssembly.Module, fd: number, baseBytes: number, settings: BlockSumSettings) {
    this.#fd = fd;
    this.#baseBytes = baseBytes;
    this.#settings = settings;
    const outBytes = blocksPerRange(settings.blockBytes) * entryBytesOf(settings) + OUT_SLACK_BYTES;
    const memory = wasmMemory(this.#out + outBytes);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#exports = instantiate<SignatureExports>(module, memory);
    this.#exports.prepare(0);
  }

  /**
   * The sums of a range, as they stand in the signature.
   *
   * @param range at most {@link blocksPerRange} blocks
   * @returns a copy of its own
   */
  sign({ firstBlock, blocks }: BlockRange): Uint8Array {
    const { blockBytes } = this.#settings;
    const start = firstBlock * blockBytes;
    const lengthBytes = Math.min(blocks * blockBytes, this.#baseBytes - start);
    if (blockBytes > PIECE_BYTES) this.#signLargeBlock(start, lengthBytes);
    else this.#signSmallBlocks(start, lengthBytes);
    return this.#bytes.slice(this.#out, this.#out + blocks * entryBytesOf(this.#settings));
  }

  #signSmallBlocks(start: number, lengthBytes: number): void {
    const { blockBytes, strongBytes } = this.#settings;
    const [isBlake2, isRabinkarp] = this.#flags();
    this.#read(start, lengthBytes);
    const whole = Math.floor(lengthBytes / blockBytes);
    this.#exports.signBlocks(isBlake2, isRabinkarp, this.#input, blockBytes, whole, strongBytes, this.#out, 0);
    const restBytes = lengthBytes - whole * blockBytes;
    if (restBytes === 0) return;
    const out = this.#out + whole * entryBytesOf(this.#settings);
    this.#exports.signBlocks(
      isBlake2,
      isRabinkarp,
      this.#input + whole * blockBytes,
      restBytes,
      1,
      strongBytes,
      out,
      0,
    );
  }

  /** A block that is larger than the input area comes in pieces. */
  #signLargeBlock(start: number, lengthBytes: number): void {
    const [isBlake2, isRabinkarp] = this.#flags();
    this.#exports.beginBlock(isBlake2, isRabinkarp, 0);
    let done = 0;
    for (; lengthBytes - done > PIECE_BYTES; done += PIECE_BYTES) {
      this.#read(start + done, PIECE_BYTES);
      this.#exports.addPiece(isBlake2, isRabinkarp, this.#input, PIECE_BYTES, done, 0);
    }
    this.#read(start + done, lengthBytes - done);
    this.#exports.endBlock(isBlake2, isRabinkarp, this.#input, lengthBytes - done, done, this.#out, 0);
  }

  #flags(): [isBlake2: number, isRabinkarp: number] {
    return [this.#settings.strong === 'blake2' ? 1 : 0, this.#settings.weak === 'rabinkarp' ? 1 : 0];
  }

  #read(offset: number, lengthBytes: number): void {
    for (let done = 0; done < lengthBytes;) {
      const got = readSync(this.#fd, this.#bytes, this.#input + done, lengthBytes - done, offset + done);
      if (got === 0)
        throw new ReleasePlanError(
          'io-failed',
          `the base was truncated while it was being read, at byte ${offset + done}`,
        );
      done += got;
    }
  }
}

/** Bytes of one block's entry in a signature. */
export const entryBytesOf = (settings: BlockSumSettings): number => WEAK_SUM_BYTES + settings.strongBytes;

/** How many blocks make one piece of work; a block larger than a piece is one by itself. */
export const blocksPerRange = (blockBytes: number): number => Math.max(1, Math.floor(PIECE_BYTES / blockBytes));
