import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleasePlanError, asUserError, errnoOf, messageOf } from '../core/errors.ts';
import { isBeingReplaced } from '../io/atomic.ts';
import { documentProblem } from '../io/documents/read.ts';
import { digestBytes, digestFile } from '../io/hash.ts';
import { readRegularText } from '../io/regular.ts';
import { openSealedJson } from '../text/json.ts';
import type { ArchivedFile, DeltaInfo, ArchiveEntry, FullInfo, VersionManifest } from '../core/archive.ts';
import { DELTA_INFO, FULL_INFO, MANIFEST } from './layout.ts';

/** What a reader of the archive may be told and asked while it reads gigabytes. */
export interface ReadOptions {
  signal?: AbortSignal;
  /** Called before each file that is read whole. */
  onFile?: (path: string, sizeBytes: number) => void;
  /** Called as bytes are read, with how many more. */
  onBytes?: (bytes: number) => void;
  /** Spares reading a file that something else vouches for; its kind and size are looked at all the same. */
  vouches?: (path: string, file: ArchivedFile, stamp: FileStamp) => boolean;
  /**
   * Whether what a manifest names is at home elsewhere, so that a file that is missing here is none that was lost.
   *
   * @param manifest sha256 of the manifest's file
   */
  isElsewhere?: (manifest: string) => boolean;
  /** Called after a file was read and is what its manifest says. */
  onWhole?: (path: string, file: ArchivedFile, stamp: FileStamp) => void;
}

/** What tells a file, as it is, from another under its name and from itself after a change. */
export interface FileStamp {
  dev: bigint;
  ino: bigint;
  /** When it last changed, in nanoseconds of the epoch: a write moves both, and no program sets the second. */
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** sha256 of the manifest that says what it is to be, 64 hex digits. */
  manifest: string;
}

/** Reads manifests alone: whether files are there, of their kind and size, and none of their bytes. */
export const HEADERS_ALONE: ReadOptions = { vouches: () => true };

/**
 * What stands under a version's folder: absent, whole (every file read and
 * equal to the manifest), damaged, or unreadable, with a line for each problem.
 * Needs no lock: what another run exchanges meanwhile is read again.
 *
 * @throws an AbortError when the signal fires
 */
export async function readVersion(
  dir: string,
  version: string,
  options: ReadOptions = {},
): Promise<ArchiveEntry<VersionManifest>> {
  const entry = await readSettled<VersionManifest>(dir, MANIFEST, options);
  return entry.state === 'whole' && entry.manifest.version !== version
    ? {
        state: 'damaged',
        dir,
        problems: [`${join(dir, MANIFEST)} is the manifest of version ${entry.manifest.version}`],
      }
    : entry;
}

/** As {@link readVersion}, of an update's folder. */
export async function readUpdate(
  dir: string,
  from: string,
  to: string,
  options: ReadOptions = {},
): Promise<ArchiveEntry<DeltaInfo>> {
  const entry = await readSettled<DeltaInfo>(dir, DELTA_INFO, options);
  return entry.state === 'whole' && (entry.manifest.from !== from || entry.manifest.to !== to)
    ? {
        state: 'damaged',
        dir,
        problems: [`${join(dir, DELTA_INFO)} is the delta-info of ${entry.manifest.from} -> ${entry.manifest.to}`],
      }
    : entry;
}

/** As {@link readVersion}, of the folder of a full package. */
export async function readFull(
  dir: string,
  version: string,
  options: ReadOptions = {},
): Promise<ArchiveEntry<FullInfo>> {
  const entry = await readSettled<FullInfo>(dir, FULL_INFO, options);
  return entry.state === 'whole' && entry.manifest.version !== version
    ? { state: 'damaged', dir, problems: [`${join(dir, FULL_INFO)} is of version ${entry.manifest.version}`] }
    : entry;
}

/** Something that is wrong with a file or folder. */
interface Problem {
  line: string;
  isMissing?: true;
  /** The system's reason, when it could not be looked at: then nothing is known of its bytes. */
  errno?: string;
}

interface Manifest {
  schema: 1;
  files: ArchivedFile[];
}

/** Between two looks at a name that is being given to another folder. */
const EXCHANGE_MS = 20;
/** An exchange takes two renames; what a killed run left half exchanged stays so until the next apply. */
const MAX_ATTEMPTS = 50;

/**
 * Reads a folder until it stayed the same while it was read: an update may get a new folder under its name at any time,
 * or be moved away.
 */
async function readSettled<T extends Manifest>(
  dir: string,
  name: ManifestName,
  options: ReadOptions,
): Promise<ArchiveEntry<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await identityOf(dir, name);
    const entry = await readEntry<T>(dir, name, options);
    if (entry.state === 'whole') return entry;
    if (entry.state === 'absent' && attempt < MAX_ATTEMPTS && (await isBeingReplaced(dir))) await sleep(EXCHANGE_MS);
    else if ((await identityOf(dir, name)) === before) return entry;
  }
}

/** What tells a folder from another that has had its name. @param name of its manifest */
export async function identityOf(dir: string, name: string): Promise<string> {
  const found = await Promise.all(
    [dir, join(dir, name)].map(async (path) => await lstat(path, { bigint: true }).catch(() => undefined)),
  );
  return found.map((one) => `${one?.ino}`).join() + `,${found[1]?.ctimeNs}`;
}

async function readEntry<T extends Manifest>(
  dir: string,
  name: ManifestName,
  options: ReadOptions,
): Promise<ArchiveEntry<T>> {
  const path = join(dir, name);
  const folder = await notRegular(dir, 'folder');
  if (folder?.isMissing) return { state: 'absent' };
  if (folder !== undefined) return notWhole(dir, [folder]);
  const opened = (await notRegular(path, 'file')) ?? (await readSealed<T>(path, name));
  if ('line' in opened) return notWhole(dir, [opened]);
  const { value: manifest, digest } = opened;
  const problems: Problem[] = [];
  const files: ArchivedFile[] = [];
  for (const file of manifest.files) {
    const problem = await checkFile(dir, file, digest, options);
    if (problem === undefined) continue;
    problems.push(problem);
    files.push(file);
  }
  return problems.length === 0 ? { state: 'whole', manifest, dir } : notWhole(dir, problems, { manifest, files });
}

/** Damaged, unless it takes reading to know. */
function notWhole<T>(
  dir: string,
  found: readonly Problem[],
  rest?: { manifest: T; files: ArchivedFile[] },
): ArchiveEntry<T> {
  const errnos = found.flatMap(({ errno }) => (errno === undefined ? [] : [errno]));
  const common = { dir, problems: found.map((one) => one.line), ...(rest === undefined ? {} : { found: rest }) };
  return errnos.length === 0
    ? { state: 'damaged', ...common }
    : { state: 'unreadable', isLost: errnos.every((one) => one === 'EIO'), ...common };
}

/** A manifest's schema, by its file's name. */
const DOCUMENT_OF = { [MANIFEST]: 'manifest', [DELTA_INFO]: 'deltaInfo', [FULL_INFO]: 'fullInfo' } as const;

type ManifestName = keyof typeof DOCUMENT_OF;

/** Of a later release, a number; of anybody else, anything. */
const schemaInWords = (schema: unknown): string => (typeof schema === 'number' ? String(schema) : 'of no number');

async function readSealed<T>(path: string, name: ManifestName): Promise<{ value: T; digest: string } | Problem> {
  try {
    const text = await readRegularText(path);
    const opened = openSealedJson(text);
    if ('problem' in opened) return { line: `${path} ${opened.problem}` };
    const { schema } = opened.value;
    if (schema !== 1)
      return { line: `${path} has schema ${schemaInWords(schema)}; this release-plan supports only schema 1` };
    const problem = await documentProblem(DOCUMENT_OF[name], opened.value);
    // The schema holds for the value, and T is what it describes.
    return problem === undefined
      ? { value: opened.value as unknown as T, digest: digestBytes(text).sha256 }
      : { line: `${path} ${problem}` };
  } catch (error) {
    return unreadable(path, error);
  }
}

/** What is wrong with one archived file, or undefined when it is what its manifest says. */
async function checkFile(
  dir: string,
  file: ArchivedFile,
  manifest: string,
  options: ReadOptions,
): Promise<Problem | undefined> {
  options.signal?.throwIfAborted();
  const path = join(dir, file.path);
  const problem = await notRegular(path, 'file');
  if (problem?.isMissing === true && options.isElsewhere?.(manifest) === true) return undefined;
  if (problem !== undefined) return problem;
  try {
    // Taken before the bytes are read: a change meanwhile shows in the next stamp.
    const { size, dev, ino, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    if (size !== BigInt(file.sizeBytes)) return { line: `${path} has ${size} bytes, expected ${file.sizeBytes}` };
    const stamp = { dev, ino, mtimeNs, ctimeNs, manifest };
    if (options.vouches?.(path, file, stamp) === true) return undefined;
    options.onFile?.(path, file.sizeBytes);
    const found = await digestFile(path, options.signal, options.onBytes);
    if (found.sizeBytes !== file.sizeBytes)
      return { line: `${path} has ${found.sizeBytes} bytes, expected ${file.sizeBytes}` };
    if (found.sha256 !== file.sha256)
      return { line: `${path} was modified: sha256 ${found.sha256}, expected ${file.sha256}` };
    options.onWhole?.(path, file, stamp);
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    return unreadable(path, error);
  }
}

/** Why a path is not a plain file (or folder) of its own: a link could point anywhere, at any time. */
async function notRegular(path: string, kind: 'file' | 'folder'): Promise<Problem | undefined> {
  try {
    const found = await lstat(path);
    if (kind === 'file' ? found.isFile() : found.isDirectory()) return undefined;
    return { line: `${path} ${found.isSymbolicLink() ? 'was replaced by a symbolic link' : `is not a ${kind}`}` };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { line: `${path} is missing`, isMissing: true };
    return unreadable(path, error);
  }
}

/** @throws the error, when it is not the system's */
function unreadable(path: string, error: unknown): Problem {
  const errno = errnoOf(error);
  // Moved away between the look and the reading.
  if (errno === 'ENOENT') return { line: `${path} is missing` };
  if (errno === undefined || asUserError(error) === undefined) throw error;
  return {
    line: `${path} cannot be read: ${error instanceof ReleasePlanError ? messageOf(error.cause) : messageOf(error)}`,
    errno,
  };
}
