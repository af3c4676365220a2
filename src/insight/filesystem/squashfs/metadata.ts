import type { ExtentCollector } from '../extents.ts';
import type { ImageBytes } from '../image-bytes.ts';
import type { PackedBlock } from '../image-map.ts';
import type { MetadataKind } from '../owner.ts';
import { unpackBlocks, unpackUpTo } from '../unpack.ts';

/** What a metadata block holds when it is decompressed; only the last of a table may hold less. */
export const METADATA_BYTES = 8192;

/** More metadata than any image has: a block of a few bytes can stand for 8 KiB of zeros. */
const MOST_TABLE_BYTES = 256 * 1024 * 1024;

const HEADER_BYTES = 2;
const STORED_PLAIN = 0x8000;

interface MetadataBlock {
  /** Its header's place in the image. */
  startByte: number;
  storedBytes: number;
  isPlain: boolean;
}

/** Something that a table holds, from one place to another within the table's decompressed bytes. */
export interface TableItem {
  start: number;
  end: number;
  inode: number;
}

/** A table of metadata blocks, decompressed. */
export class MetadataTable {
  readonly content: Buffer;
  /** Where its first block begins in the image. */
  readonly startByte: number;
  readonly #blocks: readonly MetadataBlock[];
  readonly #indexAt: ReadonlyMap<number, number>;

  constructor(content: Buffer, startByte: number, blocks: readonly MetadataBlock[]) {
    this.content = content;
    this.startByte = startByte;
    this.#blocks = blocks;
    this.#indexAt = new Map(blocks.map((block, index) => [block.startByte, index]));
  }

  /**
   * The place within {@link content} of a reference.
   *
   * @param block where its metadata block begins, from the table's start
   * @returns undefined when no block begins there
   */
  positionOf(block: number, offset: number): number | undefined {
    const index = this.#indexAt.get(this.startByte + block);
    return index === undefined ? undefined : index * METADATA_BYTES + offset;
  }

  /** Hands in what each block's bytes are for: item by item where it is stored plainly, together where compressed. */
  collect(collector: ExtentCollector, what: MetadataKind, items: readonly TableItem[] = []): void {
    let first = 0;
    for (const [index, { startByte, storedBytes, isPlain }] of this.#blocks.entries()) {
      const from = index * METADATA_BYTES;
      while (first < items.length && (items[first]?.end ?? 0) <= from) first += 1;
      const inside: TableItem[] = [];
      for (let at = first; at < items.length && (items[at]?.start ?? 0) < from + METADATA_BYTES; at += 1) {
        const item = items[at];
        if (item !== undefined) inside.push(item);
      }
      const dataAt = startByte + HEADER_BYTES;
      if (!isPlain || inside.length === 0) {
        const inodes = inside.map(({ inode }) => inode);
        collector.add(startByte, dataAt + storedBytes, { kind: 'metadata', what, inodes });
        continue;
      }
      collector.metadata(startByte, dataAt, what);
      for (const { start, end, inode } of inside) {
        const place = dataAt + Math.max(0, start - from);
        const last = dataAt + Math.min(end - from, storedBytes);
        collector.add(place, last, { kind: 'metadata', what, inodes: [inode] });
      }
    }
  }
}

/** A table as the superblock bounds it. */
export interface TablePlace {
  what: string;
  startByte: number;
  endByte: number;
  codec: PackedBlock['codec'];
}

/**
 * Reads and decompresses the metadata blocks between two places.
 *
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported`, `tool-missing`
 */
export async function readTable(bytes: ImageBytes, place: TablePlace, signal?: AbortSignal): Promise<MetadataTable> {
  const blocks: MetadataBlock[] = [];
  for (let at = place.startByte; at < place.endByte;) {
    const block = readHeader(bytes, at, place.what);
    blocks.push(block);
    at += HEADER_BYTES + block.storedBytes;
    if (at > place.endByte || blocks.length * METADATA_BYTES > MOST_TABLE_BYTES)
      throw bytes.corrupt(`${place.what} does not end where it should`);
  }
  return new MetadataTable(await contentOf(bytes, blocks, place, signal), place.startByte, blocks);
}

/** Reads a table whose blocks are listed somewhere, such as that of the ids. */
export async function readListedTable(
  bytes: ImageBytes,
  { listAt, sizeBytes, codec, what }: { listAt: number; sizeBytes: number; codec: PackedBlock['codec']; what: string },
  signal?: AbortSignal,
): Promise<MetadataTable & { listBytes: number }> {
  const count = Math.ceil(sizeBytes / METADATA_BYTES);
  const list = bytes.read(listAt, 8 * count, `the list of ${what}`);
  const blocks = Array.from({ length: count }, (_, index) =>
    readHeader(bytes, Number(list.readBigUInt64LE(8 * index)), what),
  );
  const content = await contentOf(bytes, blocks, { codec, what }, signal);
  if (content.length < sizeBytes) throw bytes.corrupt(`${what} is shorter than its ${sizeBytes} bytes`);
  return Object.assign(new MetadataTable(content, blocks[0]?.startByte ?? listAt, blocks), { listBytes: 8 * count });
}

function readHeader(bytes: ImageBytes, at: number, what: string): MetadataBlock {
  const header = bytes.read(at, HEADER_BYTES, what).readUInt16LE(0);
  // A size of zero stands for 32768, which no metadata block has.
  const storedBytes = header & (STORED_PLAIN - 1);
  if (storedBytes === 0 || storedBytes > METADATA_BYTES) throw bytes.corrupt(`${what} has a block of no known size`);
  return { startByte: at, storedBytes, isPlain: (header & STORED_PLAIN) !== 0 };
}

async function contentOf(
  bytes: ImageBytes,
  blocks: readonly MetadataBlock[],
  { codec, what }: Pick<TablePlace, 'codec' | 'what'>,
  signal?: AbortSignal,
): Promise<Buffer> {
  const last = blocks.at(-1);
  const packed = blocks.filter((block) => !block.isPlain).map((block) => packedOf(block, codec));
  // What the last block holds is not written down, but for its own end.
  const tail = last === undefined || last.isPlain ? undefined : packed.pop();
  const unpacked = unpackBlocks(bytes, packed, signal);
  const parts: Buffer[] = [];
  for (const block of blocks) {
    if (block.isPlain) parts.push(bytes.read(block.startByte + HEADER_BYTES, block.storedBytes, what));
    else if (block === last && tail !== undefined) parts.push(await unpackUpTo(bytes, tail));
    else parts.push((await unpacked.next()).value ?? Buffer.alloc(0));
    if (block !== last && parts.at(-1)?.length !== METADATA_BYTES)
      throw bytes.corrupt(`${what} has a block that is not full before its last`);
  }
  await unpacked.next();
  return Buffer.concat(parts);
}

const packedOf = ({ startByte, storedBytes }: MetadataBlock, codec: PackedBlock['codec']): PackedBlock => ({
  startByte: startByte + HEADER_BYTES,
  storedBytes,
  outBytes: METADATA_BYTES,
  codec,
});
