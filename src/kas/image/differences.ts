/** In which files two images differ, and what such differences usually come from. */
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile } from '../../io/hash.ts';

/** One path that two unpacked images do not have alike. */
export interface FileDifference {
  /** Within the image, absolute. */
  path: string;
  what: 'only-before' | 'only-after' | 'content' | 'time' | 'mode' | 'kind' | 'link';
  /** The usual cause, where the bytes show one. */
  cause?: string;
}

/** Places that may have got into files. */
export interface CompareContext {
  /** Where each side was built; either in a file is a cause. */
  buildPaths: readonly string[];
  signal?: AbortSignal;
}

/**
 * Compares two unpacked images.
 *
 * @returns sorted by path; empty when every file is alike, and thus only the file system around them differs
 */
export async function differencesBetween(
  before: string,
  after: string,
  context: CompareContext,
): Promise<FileDifference[]> {
  const [left, right] = [await pathsIn(before), await pathsIn(after)];
  const found: FileDifference[] = [];
  for (const path of [...new Set([...left, ...right])].sort()) {
    context.signal?.throwIfAborted();
    if (!right.has(path)) found.push({ path, what: 'only-before' });
    else if (!left.has(path)) found.push({ path, what: 'only-after' });
    else found.push(...(await compareEntry(path, join(before, path), join(after, path), context)));
  }
  return found;
}

async function pathsIn(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Set(entries.map((one) => join(one.parentPath, one.name).slice(folder.length)));
}

async function compareEntry(
  path: string,
  before: string,
  after: string,
  context: CompareContext,
): Promise<FileDifference[]> {
  const [left, right] = await Promise.all([lstat(before), lstat(after)]);
  const kindOf = (stat: typeof left): string => String(stat.mode & 0o170000);
  if (kindOf(left) !== kindOf(right)) return [{ path, what: 'kind' }];
  if (left.isSymbolicLink())
    return (await readlink(before)) === (await readlink(after)) ? [] : [{ path, what: 'link' }];
  if (left.isFile()) {
    const same = left.size === right.size && (await digestFile(before)).sha256 === (await digestFile(after)).sha256;
    if (!same) return [withCause({ path, what: 'content' }, await causeOf(before, after, context))];
  }
  if (left.mode !== right.mode) return [{ path, what: 'mode' }];
  // Whole seconds: that is what the file systems of images keep.
  const isSameTime = Math.floor(left.mtimeMs / 1000) === Math.floor(right.mtimeMs / 1000);
  return isSameTime ? [] : [{ path, what: 'time', cause: 'timestamps: SOURCE_DATE_EPOCH does not reach it' }];
}

const withCause = (difference: FileDifference, cause: string | undefined): FileDifference =>
  cause === undefined ? difference : { ...difference, cause };

/** More of a file than this is not searched for a cause. */
const SEARCHED_BYTES = 4 * 1024 * 1024;
/** Around the first byte that differs: a date is longer than its last digit. */
const AROUND_BYTES = 32;

async function causeOf(before: string, after: string, { buildPaths }: CompareContext): Promise<string | undefined> {
  const [left, right] = await Promise.all([headOf(before), headOf(after)]);
  if (buildPaths.some((path) => left.includes(path) !== right.includes(path))) return 'the path of the build';
  if (left.length >= 8 && left[0] === 0x1f && left[1] === 0x8b && !left.subarray(4, 8).equals(right.subarray(4, 8)))
    return 'a time in the header of gzip: gzip -n';
  if (before.endsWith('.pyc')) return 'times or hash seed in compiled Python: PYTHONHASHSEED, SOURCE_DATE_EPOCH';
  const at = firstDifference(left, right);
  const around = (bytes: Buffer): string =>
    bytes.subarray(Math.max(0, at - AROUND_BYTES), at + AROUND_BYTES).toString();
  if (TIMES.some((time) => time.test(around(left)) && time.test(around(right)))) return 'a time in the file';
  if (isReordered(left, right)) return 'the order of its lines: a hash seed, or the order of a folder';
  return undefined;
}

/** Dates as programs write them: 2026-11-24, Nov 24 2026, Tue Nov 24 17:00:00; seconds since 1970. */
const TIMES = [
  /\b20\d\d-\d\d-\d\d/,
  /\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d[ ,]/,
  /\b\d\d:\d\d:\d\d\b/,
  /\b1[5-9]\d{8}\b/,
];

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SEARCHED_BYTES), 0, SEARCHED_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function firstDifference(left: Buffer, right: Buffer): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) if (left[at] !== right[at]) return at;
  return length;
}

function isReordered(left: Buffer, right: Buffer): boolean {
  if (left.length !== right.length || left.includes(0)) return false;
  const sorted = (bytes: Buffer): string => bytes.toString().split('\n').sort().join('\n');
  return sorted(left) === sorted(right);
}
