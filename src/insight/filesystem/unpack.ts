import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { inflateRawSync, inflateSync } from 'node:zlib';
import { errnoOf } from '../../core/errors.ts';
import { startProgram } from '../../io/children.ts';
import { toolEnvironment } from '../../io/environment.ts';
import { missingTool } from '../../io/tools.ts';
import type { ImageBytes } from './image-bytes.ts';
import type { PackedBlock } from './image-map.ts';
import { unpackLz4 } from './lz4.ts';

/** Node.js 20 has neither; the programs take block after block, since each is a whole frame. */
const PROGRAMS = {
  zstd: ['zstd', ['--decompress', '--stdout', '--quiet']],
  xz: ['xz', ['--decompress', '--stdout', '--quiet']],
} as const;

/**
 * Decompresses blocks, in their order. What one process of zstd or xz makes of many blocks is cut by the size that each
 * must have.
 *
 * @throws ReleasePlanError `image-corrupt` when a block does not decompress to its size, `image-unsupported` for a
 *   codec that cannot be undone, `tool-missing`; AbortError
 */
export async function* unpackBlocks(
  bytes: ImageBytes,
  blocks: readonly PackedBlock[],
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const outside = blocks.find(isOutside);
  const pipe = outside === undefined ? undefined : new Pipe(bytes, blocks.filter(isOutside), outside.codec);
  try {
    for (const block of blocks) {
      signal?.throwIfAborted();
      const out = isOutside(block) ? await pipe?.takeUpTo(block.outBytes) : unpackHere(bytes, block);
      if (out?.length !== block.outBytes)
        throw bytes.corrupt(`its compressed block at byte ${block.startByte} is damaged`);
      yield out;
    }
    if ((await pipe?.takeUpTo(1))?.length === 1) throw bytes.corrupt('a compressed block holds more than its size');
  } finally {
    pipe?.close();
  }
}

/**
 * Decompresses a block whose size is not known, but for the most that it can be.
 *
 * @throws ReleasePlanError as {@link unpackBlocks}
 */
export async function unpackUpTo(bytes: ImageBytes, block: PackedBlock): Promise<Buffer> {
  const pipe = isOutside(block) ? new Pipe(bytes, [block], block.codec) : undefined;
  try {
    const out = pipe === undefined ? unpackHere(bytes, block) : await pipe.takeUpTo(block.outBytes);
    if (out === undefined || out.length === 0 || (await pipe?.takeUpTo(1))?.length === 1)
      throw bytes.corrupt(`its compressed block at byte ${block.startByte} is damaged`);
    return out;
  } finally {
    pipe?.close();
  }
}

type Outside = PackedBlock & { codec: keyof typeof PROGRAMS };

const isOutside = (block: PackedBlock): block is Outside => block.codec in PROGRAMS;

/** Whether a file's content can be had from blocks of this codec. */
export const canUnpack = (codec: PackedBlock['codec']): boolean => codec !== 'unknown';

/** Undefined when the block is damaged or holds more. */
function unpackHere(bytes: ImageBytes, block: PackedBlock): Buffer | undefined {
  const { outBytes, codec } = block;
  if (codec === 'unknown') throw bytes.unsupported('its compression');
  const stored = readStored(bytes, block);
  if (codec === 'lz4') return unpackLz4(stored, outBytes);
  try {
    return (codec === 'zlib' ? inflateSync : inflateRawSync)(stored, { maxOutputLength: outBytes });
  } catch (error) {
    // Too long an output has a code of Node.js' own.
    if (errnoOf(error)?.startsWith('Z_') === true || errnoOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

function readStored(bytes: ImageBytes, { startByte, storedBytes, isPadded }: PackedBlock): Buffer {
  const stored = bytes.read(startByte, storedBytes, 'a compressed block');
  let first = 0;
  if (isPadded === true) while (first < stored.length && stored[first] === 0) first += 1;
  return stored.subarray(first);
}

/** One process that is fed with frames while what it makes is taken. */
class Pipe {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #output: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #failure: unknown;

  constructor(bytes: ImageBytes, blocks: readonly Outside[], codec: keyof typeof PROGRAMS) {
    const [command, args] = PROGRAMS[codec];
    const child = startProgram(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: toolEnvironment() });
    this.#child = child;
    child.once('error', (error) => {
      this.#failure ??= errnoOf(error) === 'ENOENT' ? missingTool(command, error) : error;
      child.stdout.destroy();
    });
    // It ends before its input does when a frame is damaged: what is missing of the output tells.
    child.stdin.on('error', () => child.stdin.destroy());
    this.#output = child.stdout[Symbol.asyncIterator]();
    this.#feed(bytes, blocks).catch((error: unknown) => {
      this.#failure ??= error;
      child.kill();
    });
  }

  async #feed(bytes: ImageBytes, blocks: readonly Outside[]): Promise<void> {
    const { stdin } = this.#child;
    for (const block of blocks) {
      if (stdin.destroyed) return;
      if (stdin.write(readStored(bytes, block))) continue;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          stdin.off('drain', go).off('close', go);
          resolve();
        };
        stdin.once('drain', go).once('close', go);
      });
    }
    stdin.end();
  }

  /** The next so many bytes; fewer at the end. */
  async takeUpTo(lengthBytes: number): Promise<Buffer> {
    const parts = [this.#rest];
    let held = this.#rest.length;
    while (held < lengthBytes) {
      const next = await this.#output.next().catch((error: unknown) => {
        throw this.#failure ?? error;
      });
      if (next.done === true) break;
      parts.push(next.value);
      held += next.value.length;
    }
    if (this.#failure !== undefined) throw this.#failure;
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    this.#rest = all.subarray(lengthBytes);
    return all.subarray(0, lengthBytes);
  }

  close(): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.kill();
  }
}
