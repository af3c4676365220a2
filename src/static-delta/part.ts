/**
 * A part of a static delta: a program that makes objects out of a payload and
 * of objects that the client has.
 *
 * @see ostree-repo-static-delta-private.h, OSTREE_STATIC_DELTA_PART_PAYLOAD_FORMAT_V0
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { children, isNormal } from './gvariant.ts';
import { malformed } from './gvariant-type.ts';
import { deltaFolder, relativeDeltaFolder } from './names.ts';
import type { Superblock } from './superblock.ts';
import { decompressXz } from './xz.ts';

/** The type of a part's content, once it is decompressed. */
export const PART_TYPE = '(a(uuu)aa(ayay)ayay)';

/** How a part's file begins: what its content is compressed with. */
export const COMPRESSION = { none: 0, xz: 0x78 } as const;

/** Owner and mode of a file, as parts have them in a table. */
export interface FileMode {
  uid: number;
  gid: number;
  mode: number;
}

/** The content of a part. */
export interface PartContent {
  modes: FileMode[];
  /** Extended attributes, as GVariant `a(ayay)` each. */
  xattrs: Buffer[];
  payload: Buffer;
  operations: Buffer;
}

/**
 * Reads a part.
 *
 * @param limitBytes the most that its content may have
 * @throws ReleasePlanError `static-delta-corrupt`, `tool-missing`
 */
export async function readPart(file: Buffer, limitBytes: number): Promise<PartContent> {
  const content = await contentOf(file, limitBytes);
  if (!isNormal(PART_TYPE, content)) throw malformed('its content is not of the type of a part');
  const [modes, xattrs, payload, operations] = children(PART_TYPE, content) as [Buffer, Buffer, Buffer, Buffer];
  return {
    modes: children('a(uuu)', modes).map((entry) => ({
      uid: entry.readUInt32BE(0),
      gid: entry.readUInt32BE(4),
      mode: entry.readUInt32BE(8),
    })),
    xattrs: children('aa(ayay)', xattrs),
    payload,
    operations,
  };
}

async function contentOf(file: Buffer, limitBytes: number): Promise<Buffer> {
  switch (file[0]) {
    // A copy: GVariant counts alignment from its own first byte, and so do views of numbers.
    case COMPRESSION.none:
      return Buffer.from(file.subarray(1));
    case COMPRESSION.xz:
      return await decompressXz(file.subarray(1), limitBytes);
    case undefined:
      throw malformed('it is empty');
    default:
      throw malformed(`its compression is unknown (${file[0]})`);
  }
}

/** A part that stands in the superblock itself (`generate --inline`). */
export function inlinePart({ metadata, from, to }: Superblock, index: number): Buffer | undefined {
  const key = `${relativeDeltaFolder({ from, to })}/${index}`;
  return metadata.find((entry) => entry.key === key && entry.type === '(yay)')?.value;
}

/** The bytes of a part, wherever they are. */
export async function readPartFile(repo: string, superblock: Superblock, index: number): Promise<Buffer> {
  return inlinePart(superblock, index) ?? (await readFile(join(deltaFolder(repo, superblock), String(index))));
}
