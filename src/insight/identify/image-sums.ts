import { closeSync, fstatSync, openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { BlockSums, blocksPerRange, entryBytesOf, type BlockSumSettings } from '../../rdiff/block-sums.ts';
import { loadWasm } from '../../rdiff/wasm.ts';

/** Sums of an image's blocks, as a device's signature has them. Open until {@link ImageSums.close}. */
export class ImageSums {
  readonly sizeBytes: number;
  /** The last of them may be shorter. */
  readonly blocks: number;
  readonly #fd: number;
  readonly #settings: BlockSumSettings;
  readonly #sums: BlockSums;

  /** @param module the wasm module `signature` */
  constructor(module: WebAssembly.Module, path: string, settings: BlockSumSettings) {
    this.#fd = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#fd).size;
    this.blocks = Math.ceil(this.sizeBytes / settings.blockBytes);
    this.#settings = settings;
    this.#sums = new BlockSums(module, this.#fd, this.sizeBytes, settings);
  }

  /** The sums of one block. */
  entry(block: number): Buffer {
    return Buffer.from(this.#sums.sign({ firstBlock: block, blocks: 1 }));
  }

  /** The sums of every block, in order. Other work gets its turn in between. */
  async *entries(signal?: AbortSignal): AsyncGenerator<{ block: number; entry: Buffer }, void, undefined> {
    const step = blocksPerRange(this.#settings.blockBytes);
    const entryBytes = entryBytesOf(this.#settings);
    for (let firstBlock = 0; firstBlock < this.blocks; firstBlock += step) {
      const blocks = Math.min(step, this.blocks - firstBlock);
      const sums = Buffer.from(this.#sums.sign({ firstBlock, blocks }));
      for (let index = 0; index < blocks; index += 1)
        yield { block: firstBlock + index, entry: sums.subarray(index * entryBytes, (index + 1) * entryBytes) };
      await turn();
      signal?.throwIfAborted();
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Runs `body` with the sums of a file. */
export async function withSums<T>(
  path: string,
  settings: BlockSumSettings,
  body: (sums: ImageSums) => Promise<T>,
): Promise<T> {
  const sums = new ImageSums(await loadWasm('signature'), path, settings);
  try {
    return await body(sums);
  } finally {
    sums.close();
  }
}
