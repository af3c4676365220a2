import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError, errnoOf, messageOf } from '../errors.ts';
import { digestFile } from '../io/hash.ts';
import { openSealedJson } from '../io/json.ts';
import type { ArchivedFile, DeltaInfo, Held, VersionManifest } from '../model.ts';
import { DELTA_INFO, MANIFEST } from './layout.ts';

/** What a reader of the archive may be told and asked while it reads gigabytes. */
export interface ReadOptions {
  signal?: AbortSignal;
  /** Called before each file that is read whole. */
  onFile?: (path: string, sizeBytes: number) => void;
  /** Called as bytes are read, with how many more. */
  onBytes?: (bytes: number) => void;
  /** Spares reading a file that something else vouches for; its kind and size are looked at all the same. */
  vouches?: (path: string, file: ArchivedFile, stamp: FileStamp) => boolean;
  /** Called after a file was read and is what its manifest says. */
  onWhole?: (path: string, file: ArchivedFile, stamp: FileStamp) => void;
}

/** When a file last changed, as the file system says; nanoseconds of the epoch. A write moves both, and no program sets the second. */
export interface FileStamp {
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** Reads manifests alone: whether files are there, of their kind and size, and none of their bytes. */
export const HEADERS_ALONE: ReadOptions = { vouches: () => true };

/**
 * What stands under a version's folder: absent, whole (every file read and
 * equal to the manifest) or damaged, with a line for each problem.
 */
export async function readVersion(dir: string, version: string, options: ReadOptions = {}): Promise<Held<VersionManifest>> {
  const held = await readHeld<VersionManifest>(dir, MANIFEST, options);
  return held.state === 'whole' && held.manifest.version !== version
    ? { state: 'damaged', dir, problems: [`${join(dir, MANIFEST)} is of version ${held.manifest.version}`] }
    : held;
}

/** As {@link readVersion}, of an update's folder. */
export async function readUpdate(dir: string, from: string, to: string, options: ReadOptions = {}): Promise<Held<DeltaInfo>> {
  const held = await readHeld<DeltaInfo>(dir, DELTA_INFO, options);
  return held.state === 'whole' && (held.manifest.from !== from || held.manifest.to !== to)
    ? { state: 'damaged', dir, problems: [`${join(dir, DELTA_INFO)} is of ${held.manifest.from} -> ${held.manifest.to}`] }
    : held;
}

async function readHeld<T extends { schema: 1; files: ArchivedFile[] }>(dir: string, name: string, options: ReadOptions): Promise<Held<T>> {
  const path = join(dir, name);
  const problem = await notRegular(dir, 'folder');
  if (problem === 'is missing') return { state: 'absent' };
  if (problem !== undefined) return { state: 'damaged', dir, problems: [`${dir} ${problem}`] };
  const manifestProblem = await notRegular(path, 'file');
  if (manifestProblem !== undefined) return { state: 'damaged', dir, problems: [`${path} ${manifestProblem}`] };
  const opened = await readSealed(path);
  if ('problem' in opened) return { state: 'damaged', dir, problems: [`${path} ${opened.problem}`] };
  if (opened.value.schema !== 1) return { state: 'damaged', dir, problems: [`${path} has schema ${String(opened.value.schema)}; this release reads schema 1`] };
  // The seal holds, so the shape is what a release of this program wrote.
  const manifest = opened.value as unknown as T;
  const problems: string[] = [];
  const files: ArchivedFile[] = [];
  for (const file of manifest.files) {
    const found = await checkFile(dir, file, options);
    if (found === undefined) continue;
    problems.push(found);
    files.push(file);
  }
  return problems.length === 0 ? { state: 'whole', manifest, dir } : { state: 'damaged', dir, problems, found: { manifest, files } };
}

async function readSealed(path: string): Promise<ReturnType<typeof openSealedJson>> {
  try {
    return openSealedJson(await readFile(path, 'utf8'));
  } catch (error) {
    return { problem: unreadable(path, error).slice(path.length + 1) };
  }
}

/** A line on what is wrong with one archived file, or undefined when it is what its manifest says. */
async function checkFile(dir: string, file: ArchivedFile, options: ReadOptions): Promise<string | undefined> {
  options.signal?.throwIfAborted();
  const path = join(dir, file.path);
  const problem = await notRegular(path, 'file');
  if (problem !== undefined) return `${path} ${problem}`;
  try {
    // Taken before the bytes are read: a change meanwhile shows in the next stamp.
    const { size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    if (size !== BigInt(file.sizeBytes)) return `${path} has ${size} bytes, archived were ${file.sizeBytes}`;
    const stamp = { mtimeNs, ctimeNs };
    if (options.vouches?.(path, file, stamp) === true) return undefined;
    options.onFile?.(path, file.sizeBytes);
    const found = await digestFile(path, options.signal, options.onBytes);
    if (found.sizeBytes !== file.sizeBytes) return `${path} has ${found.sizeBytes} bytes, archived were ${file.sizeBytes}`;
    if (found.sha256 !== file.sha256) return `${path} was altered: sha256 ${found.sha256}, archived was ${file.sha256}`;
    options.onWhole?.(path, file, stamp);
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    return unreadable(path, error);
  }
}

/** Why a path is not a plain file (or folder) of its own: a link could point anywhere, at any time. */
async function notRegular(path: string, kind: 'file' | 'folder'): Promise<string | undefined> {
  try {
    const found = await lstat(path);
    if (kind === 'file' ? found.isFile() : found.isDirectory()) return undefined;
    return found.isSymbolicLink() ? 'was replaced by a link' : `is not a ${kind}`;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'is missing';
    return unreadable(path, error).slice(path.length + 1);
  }
}

/**
 * A disk that cannot give bytes back has lost them, as far as the archive is
 * concerned. Anything else, such as a lack of permission, says nothing about them.
 *
 * @throws the error, when it says nothing about the file
 */
function unreadable(path: string, error: unknown): string {
  if (errnoOf(error) !== 'EIO') throw error;
  return `${path} cannot be read: ${error instanceof ReleasePlanError ? messageOf(error.cause) : messageOf(error)}`;
}
