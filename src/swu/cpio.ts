/**
 * The cpio archive that a .swu is: "new ASCII" headers with a checksum
 * (magic 070702, `cpio -H crc`), written and read member by member.
 *
 * Written here and not by cpio(1): cpio takes names, times and owners from
 * files on disk, so every member would have to be copied into a staging
 * folder first, and a member with a second hard link (as an archive may have)
 * would be moved behind the others. The bytes are those of
 * `cpio -o -H crc --reproducible -R +0:+0`; a test compares them.
 *
 * @see https://www.kernel.org/doc/Documentation/early-userspace/buffer-format.txt
 */
import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';

/** The size field has 32 bits. */
export const MAX_MEMBER_BYTES = 0xffff_ffff;

const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
/** cpio(1) fills its last block of this size with zeros. */
const BLOCK_BYTES = 512;
/** A regular file, readable by all. */
const MEMBER_MODE = 0o100644;
const CHUNK_BYTES = 1024 * 1024;
const MAX_NAME_BYTES = 4096;

/** What goes into an archive: the content of a file, or bytes at hand. */
export type MemberSource = { name: string; path: string } | { name: string; bytes: Uint8Array };

/** A member as found in an archive. */
export interface CpioMember {
  name: string;
  /** `crc` carries checksums; `newc` has the same layout without them. */
  format: 'crc' | 'newc';
  sizeBytes: number;
  /** Where the content starts in the archive file, in bytes. */
  offset: number;
  /** Sum of all bytes of the content modulo 2^32; 0 in `newc`. */
  checksum: number;
}

const toFour = (bytes: number): number => -bytes & 3;

/** Adds the bytes of a chunk to a checksum of the crc format: a plain sum, whatever its name says. */
export function addToChecksum(sum: number, chunk: Uint8Array): number {
  let total = 0;
  for (let index = 0; index < chunk.length; index += 1) total += chunk[index] ?? 0;
  return (sum + total) % 2 ** 32;
}

interface HeaderFields {
  inode: number;
  mode: number;
  mtimeSeconds: number;
  sizeBytes: number;
  checksum: number;
  name: string;
}

/** The header with the name and its padding, ready to be written. */
function headerOf(fields: HeaderFields): Buffer {
  const nameBytes = Buffer.byteLength(fields.name) + 1;
  const numbers = [
    fields.inode,
    fields.mode,
    0,
    0,
    1,
    fields.mtimeSeconds,
    fields.sizeBytes,
    0,
    0,
    0,
    0,
    nameBytes,
    fields.checksum,
  ];
  const digits = numbers.map((one) => one.toString(16).toUpperCase().padStart(8, '0')).join('');
  return Buffer.from(`070702${digits}${fields.name}\0${'\0'.repeat(toFour(HEADER_BYTES + nameBytes))}`);
}

/** Size of an archive of these members in bytes, before the last block is filled. */
export function archiveBytes(members: ReadonlyArray<{ name: string; sizeBytes: number }>): number {
  const one = (name: string, sizeBytes: number): number => {
    const head = HEADER_BYTES + Buffer.byteLength(name) + 1;
    return head + toFour(head) + sizeBytes + toFour(sizeBytes);
  };
  return members.reduce((total, member) => total + one(member.name, member.sizeBytes), one(TRAILER, 0));
}

/** Size of a member's content in bytes. */
export async function memberBytes(member: MemberSource): Promise<number> {
  return 'bytes' in member ? member.bytes.byteLength : (await stat(member.path)).size;
}

async function* contentOf(member: MemberSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if ('bytes' in member) yield member.bytes;
  else
    for await (const chunk of createReadStream(member.path, {
      highWaterMark: CHUNK_BYTES,
      ...(signal ? { signal } : {}),
    }))
      yield chunk as Uint8Array;
}

/**
 * Writes an archive of regular files, mode 0644, owner 0:0, inodes counted
 * from 0, all with one time: equal members give equal bytes. The file is synced.
 *
 * @param out replaced when it exists
 * @param mtimeSeconds since the epoch, for every member
 * @throws ReleasePlanError `swu-member` when a member does not fit the format
 *   or changes while it is read; system errors; an AbortError when the signal fires
 */
export async function writeArchive(
  members: readonly MemberSource[],
  out: string,
  mtimeSeconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const handle = await open(out, 'w', 0o644);
  try {
    let position = 0;
    for (const [index, member] of members.entries()) {
      position = await writeMember(handle, position, member, { inode: index, mtimeSeconds }, signal);
    }
    await writeTrailer(handle, position);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Puts one more member behind those that an archive has, whose bytes stay as they are.
 *
 * @throws as {@link writeArchive} and {@link listMembers} do
 */
export async function appendMember(archive: string, member: MemberSource): Promise<void> {
  const there = await listMembers(archive);
  const last = there.at(-1);
  const end = last === undefined ? 0 : last.offset + last.sizeBytes + toFour(last.sizeBytes);
  const handle = await open(archive, 'r+');
  try {
    await writeTrailer(
      handle,
      await writeMember(handle, end, member, { inode: there.length, mtimeSeconds: 0 }, undefined),
    );
  } finally {
    await handle.close();
  }
}

async function writeTrailer(handle: FileHandle, position: number): Promise<void> {
  const trailer = headerOf({ inode: 0, mode: 0, mtimeSeconds: 0, sizeBytes: 0, checksum: 0, name: TRAILER });
  const fill = (BLOCK_BYTES - ((position + trailer.byteLength) % BLOCK_BYTES)) % BLOCK_BYTES;
  await handle.write(Buffer.concat([trailer, Buffer.alloc(fill)]), 0, trailer.byteLength + fill, position);
}

/**
 * Writes one member and returns where the next one starts. The header goes last: its checksum is known only then, and
 * so each file is read once.
 */
async function writeMember(
  handle: FileHandle,
  start: number,
  member: MemberSource,
  fixed: { inode: number; mtimeSeconds: number },
  signal: AbortSignal | undefined,
): Promise<number> {
  const sizeBytes = await memberBytes(member);
  if (sizeBytes > MAX_MEMBER_BYTES) {
    throw new ReleasePlanError(
      'swu-member',
      `${member.name} has ${sizeBytes} bytes, but a member of a .swu is limited to ${MAX_MEMBER_BYTES}`,
      { hint: 'Compress it (swu.compress), or update the partition by delta.' },
    );
  }
  const header = { ...fixed, mode: MEMBER_MODE, sizeBytes, name: member.name };
  const dataStart = start + headerOf({ ...header, checksum: 0 }).byteLength;
  let checksum = 0;
  let written = 0;
  for await (const chunk of contentOf(member, signal)) {
    await handle.write(chunk, 0, chunk.byteLength, dataStart + written);
    checksum = addToChecksum(checksum, chunk);
    written += chunk.byteLength;
  }
  if (written !== sizeBytes)
    throw new ReleasePlanError(
      'swu-member',
      `${member.name} changed while it was being packed (${sizeBytes} bytes, then ${written})`,
    );
  const padding = toFour(sizeBytes);
  await handle.write(Buffer.alloc(padding), 0, padding, dataStart + sizeBytes);
  const bytes = headerOf({ ...header, checksum });
  await handle.write(bytes, 0, bytes.byteLength, start);
  return dataStart + sizeBytes + padding;
}

const damaged = (path: string, offset: number, what: string): ReleasePlanError =>
  new ReleasePlanError('swu-damaged', `${path}: ${what} at byte ${offset}`);

/**
 * The members of an archive in their order, without reading their contents.
 *
 * @throws ReleasePlanError `swu-damaged` when it is no cpio archive of the
 *   crc or newc format, or ends before its trailer
 */
export async function listMembers(path: string): Promise<CpioMember[]> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const members: CpioMember[] = [];
    for (let offset = 0; ;) {
      const member = await readHeader(handle, path, offset, size);
      if (member.name === TRAILER) return members;
      members.push(member);
      offset = member.offset + member.sizeBytes + toFour(member.sizeBytes);
    }
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle, path: string, offset: number, archiveSize: number): Promise<CpioMember> {
  const head = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(head, 0, HEADER_BYTES, offset);
  if (bytesRead < HEADER_BYTES) throw damaged(path, offset, 'the archive ends without its trailer');
  const text = head.toString('latin1');
  const format = text.startsWith('070702') ? 'crc' : text.startsWith('070701') ? 'newc' : undefined;
  if (format === undefined || !/^[0-9a-fA-F]{104}$/.test(text.slice(6)))
    throw damaged(path, offset, 'not a cpio header in crc or newc format');
  const field = (index: number): number => Number.parseInt(text.slice(6 + 8 * index, 14 + 8 * index), 16);
  const [sizeBytes, nameBytes, checksum] = [field(6), field(11), field(12)];
  if (nameBytes < 2 || nameBytes > MAX_NAME_BYTES) throw damaged(path, offset, `a member name of ${nameBytes} bytes`);
  const name = Buffer.alloc(nameBytes);
  await handle.read(name, 0, nameBytes, offset + HEADER_BYTES);
  const dataStart = offset + HEADER_BYTES + nameBytes + toFour(HEADER_BYTES + nameBytes);
  const ownName = name.toString('utf8', 0, nameBytes - 1);
  if (dataStart + sizeBytes > archiveSize)
    throw damaged(path, offset, `${JSON.stringify(ownName)} ends past the end of the file`);
  return { name: ownName, format, sizeBytes, offset: dataStart, checksum };
}

/** The content of a member as a stream of chunks. */
export function streamMember(path: string, member: CpioMember, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  // An end before the start would read the whole file.
  if (member.sizeBytes === 0) return (async function* nothing() {})();
  return createReadStream(path, {
    start: member.offset,
    end: member.offset + member.sizeBytes - 1,
    highWaterMark: CHUNK_BYTES,
    ...(signal ? { signal } : {}),
  });
}
