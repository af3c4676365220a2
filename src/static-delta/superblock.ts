/**
 * The superblock of a static delta: which commits, which parts with which
 * objects, what is fetched by itself.
 *
 * @see ostree-repo-static-delta-private.h, OSTREE_STATIC_DELTA_SUPERBLOCK_FORMAT
 */
import { children, container, openVariant, readString, stringBytes, variant } from './gvariant.ts';
import { malformed } from './gvariant-type.ts';
import { OBJECT_NAME_BYTES, objectNameBytes, readObjectName, type CommitPair, type ObjectName } from './names.ts';

/** The type of a commit object. */
export const COMMIT_TYPE = '(a{sv}aya(say)sstayay)';

const PART_ENTRY_TYPE = '(uayttay)';
const FALLBACK_TYPE = '(yaytt)';

/** The type of a superblock. */
export const SUPERBLOCK_TYPE = `(a{sv}tayay${COMMIT_TYPE}aya${PART_ENTRY_TYPE}a${FALLBACK_TYPE})`;

/** How a superblock begins that was made by `generate --sign`; no client that pulls can read it. */
export const SIGNED_MAGIC = 'OSTSGNDT';

/** The byte order of the integers in the entries of parts and fallback objects. */
export type Endianness = 'little' | 'big';

/** An entry of the dictionary: detached commit metadata, inline parts, what tools add. */
export interface MetadataEntry {
  key: string;
  type: string;
  value: Buffer;
}

/** What the superblock says of one part. */
export interface PartEntry {
  /** 0 for as long as there is one version. */
  version: number;
  /** Of the part's file, 64 hex digits. */
  sha256: string;
  /** Of the part's file. */
  sizeBytes: number;
  /** Of the objects that it makes. */
  uncompressedBytes: number;
  /** What it makes, in this order. */
  objects: ObjectName[];
}

/** An object that clients fetch by itself. */
export interface FallbackEntry {
  object: ObjectName;
  /** As the repository stores it. */
  sizeBytes: number;
  uncompressedBytes: number;
}

/** A superblock, decoded. */
export interface Superblock extends CommitPair {
  metadata: MetadataEntry[];
  endianness: Endianness;
  /** False for deltas of old releases, which do not say it: then it is guessed as clients do. */
  isEndiannessDeclared: boolean;
  /** When it was made, in seconds since 1970. */
  timeSeconds: number;
  /** The target's commit object. */
  commit: Buffer;
  parts: PartEntry[];
  fallbacks: FallbackEntry[];
}

const ENDIANNESS_KEY = 'ostree.endianness';
const ENDIANNESS_LETTERS = { little: 'l', big: 'B' } as const;

/**
 * Reads a superblock.
 *
 * @throws ReleasePlanError `static-delta-corrupt`
 */
export function readSuperblock(bytes: Buffer): Superblock {
  const [dictionary, time, from, to, commit, , entries, fallbacks] = children(SUPERBLOCK_TYPE, bytes) as EightBuffers;
  const metadata = readDictionary(dictionary);
  const declared = declaredEndianness(metadata);
  const partFields = children(`a${PART_ENTRY_TYPE}`, entries);
  const endianness = declared ?? guessEndianness(partFields);
  return {
    metadata,
    endianness,
    isEndiannessDeclared: declared !== undefined,
    timeSeconds: Number(time.readBigUInt64BE()),
    from: readChecksum(from, true),
    to: readChecksum(to, false),
    commit,
    parts: partFields.map((field) => readPartEntry(field, endianness)),
    fallbacks: children(`a${FALLBACK_TYPE}`, fallbacks).map((field) => readFallback(field, endianness)),
  };
}

type EightBuffers = [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

/**
 * Reads a value of type `a{sv}`.
 *
 * @throws ReleasePlanError `static-delta-corrupt`
 */
export function readDictionary(bytes: Buffer): MetadataEntry[] {
  return children('a{sv}', bytes).map((entry) => {
    const [key, value] = children('{sv}', entry) as [Buffer, Buffer];
    return { key: readString(key), ...openVariant(value) };
  });
}

/** A value of type `a{sv}`. */
export const dictionaryBytes = (entries: readonly MetadataEntry[]): Buffer =>
  container(
    'a{sv}',
    entries.map(({ key, ...content }) => container('{sv}', [stringBytes(key), variant(content)])),
  );

function declaredEndianness(metadata: readonly MetadataEntry[]): Endianness | undefined {
  const entry = metadata.find(({ key, type }) => key === ENDIANNESS_KEY && type === 'y');
  if (entry === undefined) return undefined;
  const letter = entry.value.toString('latin1');
  if (letter === ENDIANNESS_LETTERS.little) return 'little';
  if (letter === ENDIANNESS_LETTERS.big) return 'big';
  throw malformed(`the byte order is ${JSON.stringify(letter)}, which is neither l nor B`);
}

/**
 * No part is larger than its objects by more than a fifth, and no object has
 * 4 GiB on average: else the order is the other one.
 */
function guessEndianness(partFields: readonly Buffer[]): Endianness {
  const entries = partFields.map((field) => readPartEntry(field, 'little'));
  const objects = entries.reduce((sum, entry) => sum + entry.objects.length, 0);
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const isSwapped =
    entries.some((entry) => entry.sizeBytes > entry.uncompressedBytes * 1.2) ||
    (objects > 0 && sizeBytes / objects > 0xffffffff);
  return isSwapped ? 'big' : 'little';
}

function readChecksum(bytes: Buffer, mayBeEmpty: boolean): string {
  if (bytes.length !== 32 && !(mayBeEmpty && bytes.length === 0))
    throw malformed(`a checksum has ${bytes.length} bytes`);
  return bytes.toString('hex');
}

function readPartEntry(field: Buffer, endianness: Endianness): PartEntry {
  const [version, sha256, size, usize, names] = children(PART_ENTRY_TYPE, field) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  if (names.length % OBJECT_NAME_BYTES !== 0) throw malformed(`a list of objects has ${names.length} bytes`);
  const objects: ObjectName[] = [];
  for (let at = 0; at < names.length; at += OBJECT_NAME_BYTES) {
    objects.push(readKnownName(names.subarray(at, at + OBJECT_NAME_BYTES)));
  }
  return {
    version: endianness === 'little' ? version.readUInt32LE() : version.readUInt32BE(),
    sha256: readChecksum(sha256, false),
    sizeBytes: readSize(size, endianness),
    uncompressedBytes: readSize(usize, endianness),
    objects,
  };
}

function readFallback(field: Buffer, endianness: Endianness): FallbackEntry {
  const [type, checksum, size, usize] = children(FALLBACK_TYPE, field) as [Buffer, Buffer, Buffer, Buffer];
  return {
    object: readKnownName(Buffer.concat([type, Buffer.from(readChecksum(checksum, false), 'hex')])),
    sizeBytes: readSize(size, endianness),
    uncompressedBytes: readSize(usize, endianness),
  };
}

function readKnownName(bytes: Buffer): ObjectName {
  const name = readObjectName(bytes);
  if (name === undefined) throw malformed(`an object has the unknown type ${bytes[0]}`);
  return name;
}

const readSize = (bytes: Buffer, endianness: Endianness): number =>
  Number(endianness === 'little' ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE());

/**
 * Puts a superblock together. The byte order is always declared.
 *
 * @param superblock its metadata without the byte order
 */
export function superblockBytes(superblock: Omit<Superblock, 'isEndiannessDeclared'>): Buffer {
  const { endianness, metadata, timeSeconds, from, to, commit, parts, fallbacks } = superblock;
  const declared = { key: ENDIANNESS_KEY, type: 'y', value: Buffer.from(ENDIANNESS_LETTERS[endianness], 'latin1') };
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(timeSeconds));
  return container(SUPERBLOCK_TYPE, [
    dictionaryBytes([declared, ...metadata]),
    time,
    Buffer.from(from, 'hex'),
    Buffer.from(to, 'hex'),
    commit,
    Buffer.alloc(0),
    container(
      `a${PART_ENTRY_TYPE}`,
      parts.map((part) => partEntryBytes(part, endianness)),
    ),
    container(
      `a${FALLBACK_TYPE}`,
      fallbacks.map((fallback) => fallbackBytes(fallback, endianness)),
    ),
  ]);
}

function partEntryBytes(
  { version, sha256, sizeBytes, uncompressedBytes, objects }: PartEntry,
  endianness: Endianness,
): Buffer {
  const number = Buffer.alloc(4);
  if (endianness === 'little') number.writeUInt32LE(version);
  else number.writeUInt32BE(version);
  return container(PART_ENTRY_TYPE, [
    number,
    Buffer.from(sha256, 'hex'),
    sizeField(sizeBytes, endianness),
    sizeField(uncompressedBytes, endianness),
    Buffer.concat(objects.map(objectNameBytes)),
  ]);
}

function fallbackBytes({ object, sizeBytes, uncompressedBytes }: FallbackEntry, endianness: Endianness): Buffer {
  const name = objectNameBytes(object);
  const sizes = [sizeField(sizeBytes, endianness), sizeField(uncompressedBytes, endianness)];
  return container(FALLBACK_TYPE, [name.subarray(0, 1), name.subarray(1), ...sizes]);
}

function sizeField(value: number, endianness: Endianness): Buffer {
  const bytes = Buffer.alloc(8);
  if (endianness === 'little') bytes.writeBigUInt64LE(BigInt(value));
  else bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
