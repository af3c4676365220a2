/** Makes one part of a delta: matches, encodes, compresses, writes. The compressor works beside the matching. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { attributed } from '../io/attribute.ts';
import type { Encoded } from './encoded.ts';
import { encodeCopies, encodePatch, fits, programFor, spliceFile, spliceMetadata, type Place } from './encode.ts';
import { container, framingOf } from './gvariant.ts';
import { encodeLargeFile } from './large-file.ts';
import { PATCHED_BYTES, allowanceOf } from './limits.ts';
import type { Matcher } from './matcher.ts';
import { readFileContent, readMetadataObject, type FileHead } from './objects.ts';
import type { FileIndexes } from './operations.ts';
import { COMPRESSION } from './part.ts';
import { KeptPatches } from './patches.ts';
import { nameOfPlanned, uncompressedBytesOf, type PlannedObject, type StoredFile } from './plan.ts';
import type { PartEntry } from './superblock.ts';
import { compressXz, type XzCompressor } from './xz.ts';

/** What a part is made of. It goes to worker threads as a message. */
export interface PartTask {
  repo: string;
  /** The part's file. */
  path: string;
  objects: PlannedObject[];
  /** As of {@link compressXz}. */
  level: number;
  /** A folder for patches that other deltas of the run need too, and for large files while they are matched. */
  scratch: string;
}

/** What the superblock says of a part. */
export interface MadePart extends PartEntry {
  /** Objects that it does not make, since a client does better to fetch them by themselves. */
  left: StoredFile[];
}

/**
 * Makes a part and writes its file, mode 0644.
 *
 * @throws ReleasePlanError `ostree-object-damaged`, `tool-missing`, `tool-failed`, `disk-full`, `io-failed`
 */
export async function makePart(task: PartTask, matcher: Matcher): Promise<MadePart> {
  const compressor = compressXz(task.level);
  const handle = await open(task.path, 'w', 0o644);
  try {
    const written = receive(compressor, handle, task.path);
    // A failure is awaited below; until then it must not count as one that nobody handles.
    written.catch(() => undefined);
    const made = await feed(task, matcher, compressor);
    const { sha256, sizeBytes } = await written;
    await handle.chmod(0o644);
    await attributed(task.path, async () => await handle.sync());
    const uncompressedBytes = made.reduce((sum, object) => sum + uncompressedBytesOf(object), 0);
    const left = task.objects.flatMap((object) =>
      object.kind === 'file' && !made.includes(object) ? [object.file] : [],
    );
    return { version: 0, sha256, sizeBytes, uncompressedBytes, objects: made.map(nameOfPlanned), left };
  } catch (error) {
    compressor.stop();
    throw error;
  } finally {
    await handle.close();
  }
}

/** Writes what the compressor gives to the part's file, behind the letter that names the compression. */
async function receive(
  compressor: XzCompressor,
  handle: FileHandle,
  path: string,
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    sizeBytes += bytes.length;
    await attributed(path, async () => await handle.writeFile(bytes), sizeBytes);
  };
  await append(Buffer.from([COMPRESSION.xz]));
  for await (const chunk of compressor.output) await append(chunk as Buffer);
  return { sha256: hash.digest('hex'), sizeBytes };
}

/**
 * Gives the compressor a part's content: tables, payload, operations, and where each of them ends.
 *
 * @returns the objects that it makes
 */
async function feed(task: PartTask, matcher: Matcher, compressor: XzCompressor): Promise<PlannedObject[]> {
  const { objects } = task;
  const tables = tablesOf(objects);
  const [modes, xattrs] = [container('a(uuu)', tables.modes), container('aa(ayay)', tables.xattrs)];
  await compressor.write(Buffer.concat([modes, xattrs]));
  let payloadBytes = 0;
  let allowedBytes = -(modes.length + xattrs.length);
  const operations: Buffer[] = [];
  const made: PlannedObject[] = [];
  for (const object of objects) {
    // What one object leaves of its allowance the next ones may use: each stays within what was granted so far.
    const allowance = allowanceOf(uncompressedBytesOf(object));
    const place: Place = { payloadAt: payloadBytes, limitBytes: allowedBytes + allowance };
    const encoded = await encode(task, object, matcher, tables.indexes, place);
    if (encoded === undefined) continue;
    made.push(object);
    operations.push(Buffer.from(encoded.operations));
    allowedBytes +=
      allowance - encoded.operations.length - encoded.payload.reduce((sum, piece) => sum + piece.length, 0);
    for (const piece of encoded.payload) {
      payloadBytes += piece.length;
      await compressor.write(piece);
    }
  }
  const program = Buffer.concat(operations);
  const ends = [modes.length, modes.length + xattrs.length, modes.length + xattrs.length + payloadBytes];
  const contentBytes = modes.length + xattrs.length + payloadBytes + program.length;
  await compressor.write(Buffer.concat([program, framingOf(ends.toReversed(), contentBytes)]));
  await compressor.end();
  return made;
}

/** @returns undefined for an object that is better fetched by itself */
async function encode(
  task: PartTask,
  object: PlannedObject,
  matcher: Matcher,
  indexes: IndexesOf,
  place: Place,
): Promise<Encoded | undefined> {
  const { payloadAt } = place;
  switch (object.kind) {
    case 'metadata':
      return spliceMetadata(readMetadataObject(task.repo, object.name), payloadAt);
    case 'link': {
      const { head } = object.file;
      return spliceFile(Buffer.from(head.symlink, 'utf8'), indexes(head), payloadAt);
    }
    case 'file': {
      const { file, source } = object;
      const at = indexes(file.head);
      if (source === undefined || file.head.sizeBytes + source.head.sizeBytes <= PATCHED_BYTES)
        return encodeFile(task, object, matcher, at, place);
      return await encodeLargeFile(matcher, { repo: task.repo, file, source, scratch: task.scratch }, at, payloadAt);
    }
  }
}

type PlannedFile = Extract<PlannedObject, { kind: 'file' }>;

function encodeFile(
  task: PartTask,
  { file, source, isShared }: PlannedFile,
  matcher: Matcher,
  at: FileIndexes,
  place: Place,
): Encoded {
  const { repo } = task;
  const whole = (): Encoded => spliceFile(readFileContent(repo, file.checksum, file.head), at, place.payloadAt);
  if (source === undefined) return whole();
  const patched = (patch: Buffer): Encoded =>
    encodePatch(patch, source.checksum, file.head.sizeBytes, at, place.payloadAt);
  const kept = isShared === true ? new KeptPatches(task.scratch) : undefined;
  const known = kept?.read(source.checksum, file.checksum);
  if (known?.kind === 'whole') return whole();
  if (known !== undefined && fits(known.patch, place.limitBytes)) return patched(known.patch);
  const content = readFileContent(repo, file.checksum, file.head);
  const pair = {
    content,
    source: readFileContent(repo, source.checksum, source.head),
    sourceChecksum: source.checksum,
  };
  const program = programFor(matcher, pair, place.limitBytes);
  if (program.kind !== 'copies') kept?.write(source.checksum, file.checksum, program);
  switch (program.kind) {
    case 'whole':
      return spliceFile(content, at, place.payloadAt);
    case 'copies':
      return encodeCopies(pair, program.regions, at, place.payloadAt);
    case 'patch':
      return patched(program.patch);
  }
}

type IndexesOf = (head: FileHead) => FileIndexes;

/** Owners with modes, and extended attributes: each different one once. */
function tablesOf(objects: readonly PlannedObject[]): { modes: Buffer[]; xattrs: Buffer[]; indexes: IndexesOf } {
  const modes = new Table();
  const xattrs = new Table();
  const indexes: IndexesOf = (head) => ({
    mode: modes.indexOf(modeBytes(head)),
    xattrs: xattrs.indexOf(Buffer.from(head.xattrs)),
  });
  for (const object of objects) if (object.kind !== 'metadata') indexes(object.file.head);
  return { modes: modes.entries, xattrs: xattrs.entries, indexes };
}

class Table {
  readonly entries: Buffer[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(entry: Buffer): number {
    const key = entry.toString('latin1');
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.entries.length;
      this.#indexes.set(key, index);
      this.entries.push(entry);
    }
    return index;
  }
}

function modeBytes({ uid, gid, mode }: FileHead): Buffer {
  const bytes = Buffer.alloc(12);
  [uid, gid, mode].forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}
