import { open, type FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ReleasePlanError } from '../core/errors.ts';
import { publishFile } from '../io/atomic.ts';
import { writeAt } from '../io/positioned.ts';
import { BlockSums, blocksPerRange, entryBytesOf, type BlockRange, type BlockSumSettings } from './block-sums.ts';
import { SIGNATURE_HEADER_BYTES, type StrongSum, type WeakSum } from './format.ts';
import { openImage, sizeOfImage } from './image-file.ts';
import type { Progress } from './progress.ts';
import {
  defaultBlockBytes,
  encodeSignatureHeader,
  minimumStrongBytes,
  signatureKind,
  type SignatureHeader,
} from './signature-format.ts';
import type { SignatureWorkerData, SignedRange } from './signature-worker.ts';
import { THREAD_OPTIONS, builtFile, loadWasm } from './wasm.ts';

/** What `rdiff signature` takes as -b, -S, -H and -R, with the same defaults. */
export interface SignatureOptions {
  /** Block length; by default about the square root of the base's size. */
  blockBytes?: number;
  /** Bytes kept of each strong sum; all by default, `minimum` as few as are safe (`rdiff -S -1`). */
  strongBytes?: number | 'minimum';
  /** Strong sum; blake2 by default. */
  format?: StrongSum;
  /** Weak sum; rabinkarp by default. */
  rollsum?: WeakSum;
  /** Threads; by default as many as the machine runs at once. The bytes do not depend on it. */
  workers?: number;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** Below this, starting threads takes longer than the sums: one thread does some 800 MB per second. */
const SINGLE_THREAD_BYTES = 64 * 1024 * 1024;

/** rdiff reads its block size into an int. */
const MAX_BLOCK_BYTES = 2 ** 31 - 1;

/**
 * Writes the librsync signature of a base: the same bytes as `rdiff signature`
 * 2.3 with the same block length, sum length and sums. `sig` gets its name only
 * when it is whole.
 *
 * @throws ReleasePlanError `usage` for lengths that no signature can have; a
 *   system error when the base cannot be read; AbortError
 * @see librsync doc/format.md, src/mksum.c
 */
export async function signature(base: string, sig: string, options: SignatureOptions = {}): Promise<SignatureHeader> {
  options.signal?.throwIfAborted();
  const image = await openImage(base);
  try {
    const baseBytes = await sizeOfImage(image, base);
    const settings = settingsOf(baseBytes, options);
    const blocks = Math.ceil(baseBytes / settings.blockBytes);
    await publishFile(sig, async (temporary) => {
      const handle = await open(temporary, 'wx');
      try {
        await writeAt(handle, encodeSignatureHeader(settings), 0);
        await signAll({ base, image, baseBytes, blocks, settings, handle, options });
      } finally {
        await handle.close();
      }
    });
    return { ...settings, blocks };
  } finally {
    await image.close();
  }
}

function settingsOf(
  baseBytes: number,
  { blockBytes, strongBytes, format: strong = 'blake2', rollsum: weak = 'rabinkarp' }: SignatureOptions,
): BlockSumSettings {
  const { maxStrongBytes } = signatureKind(strong, weak);
  const block = blockBytes ?? defaultBlockBytes(baseBytes);
  if (!Number.isInteger(block) || block < 1 || block > MAX_BLOCK_BYTES)
    throw new ReleasePlanError(
      'usage',
      `invalid block length ${block}; expected a whole number from 1 to ${MAX_BLOCK_BYTES}`,
    );
  const kept = strongBytes === 'minimum' ? minimumStrongBytes(baseBytes, block) : (strongBytes ?? maxStrongBytes);
  if (!Number.isInteger(kept) || kept < 1 || kept > maxStrongBytes)
    throw new ReleasePlanError('usage', `invalid sum length ${kept}; expected 1 to ${maxStrongBytes} for ${strong}`);
  return { strong, weak, blockBytes: block, strongBytes: kept };
}

/** A signature in the making. */
interface Signing {
  base: string;
  /** The base, open for reading. */
  image: FileHandle;
  baseBytes: number;
  blocks: number;
  settings: BlockSumSettings;
  /** The signature, its header written. */
  handle: FileHandle;
  options: SignatureOptions;
}

async function signAll(signing: Signing): Promise<void> {
  const { base, baseBytes, settings, options } = signing;
  const module = await loadWasm('signature');
  const ranges = rangesOf(signing.blocks, settings.blockBytes);
  const threads = options.workers ?? (baseBytes < SINGLE_THREAD_BYTES ? 1 : availableParallelism());
  const written = writer(signing);
  if (threads > 1) {
    const data: SignatureWorkerData = { module, base, baseBytes, settings };
    await Promise.all(Array.from({ length: threads }, () => signInThread(data, ranges, written, options.signal)));
    return;
  }
  const sums = new BlockSums(module, signing.image.fd, baseBytes, settings);
  for (const range of ranges) await written({ range, sums: sums.sign(range) });
}

/** One iterator that all threads take from: the fast ones take more. */
function* rangesOf(blocks: number, blockBytes: number): Generator<BlockRange, void, undefined> {
  const step = blocksPerRange(blockBytes);
  for (let firstBlock = 0; firstBlock < blocks; firstBlock += step)
    yield { firstBlock, blocks: Math.min(step, blocks - firstBlock) };
}

/** Puts sums to their place in the file, in whatever order they come. */
function writer({ handle, settings, baseBytes, options }: Signing): (signed: SignedRange) => Promise<void> {
  let doneBytes = 0;
  return async ({ range, sums }) => {
    options.signal?.throwIfAborted();
    await writeAt(handle, sums, SIGNATURE_HEADER_BYTES + range.firstBlock * entryBytesOf(settings));
    doneBytes = Math.min(baseBytes, doneBytes + range.blocks * settings.blockBytes);
    options.onProgress?.({ phase: 'signature', doneBytes, totalBytes: baseBytes });
  };
}

/** How many ranges a thread has in hand, so that it never waits for the next. */
const RANGES_IN_HAND = 2;

/** Runs one thread until the ranges are used up. */
async function signInThread(
  data: SignatureWorkerData,
  ranges: Iterable<BlockRange>,
  written: (signed: SignedRange) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const worker = new Worker(builtFile('signature-worker.js'), { ...THREAD_OPTIONS, workerData: data });
  const listening = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: listening.signal });
  });
  // Only who awaits an answer sees it; between answers nobody may be waiting.
  stopped.catch(() => undefined);
  const signOneByOne = async (): Promise<void> => {
    for (const range of ranges) await written(await Promise.race([answerTo(worker, range), stopped]));
  };
  try {
    await Promise.all(Array.from({ length: RANGES_IN_HAND }, signOneByOne));
  } finally {
    listening.abort();
    await worker.terminate();
  }
}

function answerTo(worker: Worker, range: BlockRange): Promise<SignedRange> {
  return new Promise((resolve) => {
    const take = (signed: SignedRange): void => {
      if (signed.range.firstBlock !== range.firstBlock) return;
      worker.off('message', take);
      resolve(signed);
    };
    worker.on('message', take);
    worker.postMessage(range);
  });
}
