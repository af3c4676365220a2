import type { FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import { RunMaker, type PackedRun } from './packed-run.ts';
import { BlockCosts, MOST_BLOCK_BYTES } from './zstd-sequences.ts';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = { least: 0x184d2a50, most: 0x184d2a5f } as const;
const MAGIC_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;

/**
 * The blocks of a zstd file, in order, with what their bytes take: a literal as much as all literals of its block on
 * average, a match the bits of its sequence. What comes besides (headers, tables) is shared by the block evenly. Their
 * content is not made.
 *
 * @throws ReleasePlanError `delta-corrupt`
 * @see RFC 8878
 */
export async function* zstdBlocks(handle: FileHandle, path: string): AsyncGenerator<PackedRun, void, undefined> {
  const { size } = await handle.stat();
  const corrupt = (): ReleasePlanError => new ReleasePlanError('delta-corrupt', `${path} is not whole zstd data`);
  let at = 0;
  const take = async (lengthBytes: number): Promise<Buffer> => {
    const buffer = Buffer.alloc(lengthBytes);
    const { bytesRead } = await handle.read(buffer, 0, lengthBytes, at);
    if (bytesRead < lengthBytes) throw corrupt();
    at += lengthBytes;
    return buffer;
  };
  let paidTo = 0;
  const run = new RunMaker(MOST_BLOCK_BYTES);
  while (at < size) {
    const magic = (await take(MAGIC_BYTES)).readUInt32LE(0);
    if (magic >= SKIPPABLE.least && magic <= SKIPPABLE.most) {
      const skipped = (await take(4)).readUInt32LE(0);
      at += skipped;
      continue;
    }
    if (magic !== MAGIC) throw corrupt();
    const descriptor = (await take(1)).readUInt8(0);
    at += frameHeaderBytes(descriptor);
    const costs = new BlockCosts(corrupt);
    for (let isLast = false; !isLast;) {
      const header = (await take(BLOCK_HEADER_BYTES)).readUIntLE(0, BLOCK_HEADER_BYTES);
      isLast = (header & 1) !== 0;
      const kind = (header >> 1) & 3;
      const length = header >> 3;
      if (length > MOST_BLOCK_BYTES || kind === 3) throw corrupt();
      const content = await take(kind === 1 ? 1 : length);
      if (kind === 2) costs.addTo(run, content);
      else run.add(length, 0);
      if (run.outBytes === 0) continue;
      yield run.take(paidTo, at);
      paidTo = at;
    }
    if ((descriptor & 4) !== 0) at += CHECKSUM_BYTES;
  }
}

/** Bytes of a frame's header after its descriptor. */
function frameHeaderBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}
