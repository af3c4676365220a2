/** Reads the objects of a repository of mode archive. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { children, readString } from './gvariant.ts';
import { objectPath, type ObjectName } from './names.ts';

/** What a file object is besides its content. */
export interface FileMeta {
  uid: number;
  gid: number;
  /** As in `st_mode`, with the file's type. */
  mode: number;
  /** Where a symbolic link leads; empty for a regular file. */
  symlink: string;
  /** Extended attributes as GVariant `a(ayay)`. */
  xattrs: Buffer;
}

/** The head of a file object in a repository of mode archive. */
export interface FileHead extends FileMeta {
  /** Of the content. */
  sizeBytes: number;
  /** Where in the object's file the compressed content begins. */
  contentAt: number;
}

const ZLIB_HEADER_TYPE = '(tuuuusa(ayay))';

/** The longest head: a client's kernel takes 64 KiB for all names and 64 KiB for each value of extended attributes. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Enough for most heads in one read. */
const FIRST_READ_BYTES = 512;

const S_IFMT = 0o170000;

export const isRegular = ({ mode }: FileMeta): boolean => (mode & S_IFMT) === 0o100000;

/** Whether a client that is not root can read its copy of a file: only such ones may be a delta's source. */
export const isWorldReadable = ({ mode }: FileMeta): boolean => (mode & 0o004) !== 0;

/** The failure to read an object. */
export function damagedObject({ type, checksum }: ObjectName, repo: string, cause: unknown): ReleasePlanError {
  const why = errnoOf(cause) === 'ENOENT' ? 'is missing' : `cannot be read: ${messageOf(cause)}`;
  return new ReleasePlanError('ostree-object-damaged', `${repo}: object ${checksum}.${type} ${why}`, { cause });
}

/**
 * The bytes of a metadata object.
 *
 * @throws ReleasePlanError `ostree-object-damaged`
 */
export function readMetadataObject(repo: string, name: ObjectName): Buffer {
  try {
    return readFileSync(objectPath(repo, name));
  } catch (error) {
    throw damagedObject(name, repo, error);
  }
}

/**
 * Reads the head of a file object.
 *
 * @throws ReleasePlanError `ostree-object-damaged`
 */
export function readFileHead(repo: string, checksum: string): FileHead {
  const name: ObjectName = { type: 'file', checksum };
  try {
    const file = openSync(objectPath(repo, name), 'r');
    try {
      return parseHead(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw damagedObject(name, repo, error);
  }
}

function parseHead(file: number): FileHead {
  let bytes = Buffer.alloc(FIRST_READ_BYTES);
  let got = readSync(file, bytes, 0, bytes.length, 0);
  const headBytes = got < 8 ? 0 : bytes.readUInt32BE();
  if (headBytes === 0 || headBytes > MAX_HEAD_BYTES) throw new Error('its head has no valid size');
  const contentAt = 8 + headBytes;
  if (contentAt > bytes.length) {
    bytes = Buffer.alloc(contentAt);
    got = readSync(file, bytes, 0, bytes.length, 0);
  }
  if (got < contentAt) throw new Error('its head is cut off');
  return { ...fileHeadOf(bytes.subarray(8, contentAt)), contentAt };
}

function fileHeadOf(bytes: Buffer): Omit<FileHead, 'contentAt'> {
  const [size, uid, gid, mode, , symlink, xattrs] = children(ZLIB_HEADER_TYPE, bytes) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  return {
    sizeBytes: Number(size.readBigUInt64BE()),
    uid: uid.readUInt32BE(),
    gid: gid.readUInt32BE(),
    mode: mode.readUInt32BE(),
    symlink: readString(symlink),
    xattrs,
  };
}

/**
 * The content of a regular file.
 *
 * @throws ReleasePlanError `ostree-object-damaged` also when it has another size than its head says
 */
export function readFileContent(repo: string, checksum: string, { contentAt, sizeBytes }: FileHead): Buffer {
  const name: ObjectName = { type: 'file', checksum };
  try {
    const stored = readFileSync(objectPath(repo, name)).subarray(contentAt);
    // An empty file has no stream at all.
    const content = sizeBytes === 0 ? Buffer.alloc(0) : inflateRawSync(stored, { maxOutputLength: sizeBytes });
    if (content.length !== sizeBytes) throw new Error(`it has ${content.length} bytes, its head says ${sizeBytes}`);
    return content;
  } catch (error) {
    throw damagedObject(name, repo, error);
  }
}
