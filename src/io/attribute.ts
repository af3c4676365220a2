import { dirname } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';

export interface AttributeOptions {
  /** Below which folder failures are this step's; that of the path unless given. */
  within?: string;
  /** What to do when the disk is full. */
  hint?: string;
}

/** The path that an error names. */
const places = new WeakMap<ReleasePlanError, string>();

/**
 * Runs `body`, and names the path when the system fails it without one: a
 * write, a read or an fsync of an open file says no more than `EIO`.
 *
 * A full disk is told of by the outermost step that writes there, since it
 * knows best how much it needs; a step that writes elsewhere leaves it as it is.
 *
 * @param needBytes what `body` is to store, for the message when the disk is full
 * @throws ReleasePlanError `disk-full` with the path, and the bytes where they are known, `io-failed` with the path;
 *   anything else as it is
 */
export async function attributed<T>(
  path: string,
  body: () => Promise<T>,
  needBytes?: number,
  { within = dirname(path), hint }: AttributeOptions = {},
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw named(path, error, needBytes, { within, hint });
  }
}

function named(
  path: string,
  error: unknown,
  needBytes: number | undefined,
  { within, hint }: { within: string; hint: string | undefined },
): unknown {
  const place = placeOf(error);
  const isHere = place === undefined || contains(within, place) || contains(place, within);
  if (needBytes !== undefined && isHere && isDiskFull(error)) return diskFull(path, needBytes, error, hint);
  const isBare = error instanceof Error && 'syscall' in error && !('path' in error) && !('spawnargs' in error);
  if (!isBare) return error;
  const code = isDiskFull(error) ? 'disk-full' : 'io-failed';
  return at(path, new ReleasePlanError(code, `${path}: ${error.message}`, { cause: error }));
}

function at(path: string, error: ReleasePlanError): ReleasePlanError {
  places.set(error, path);
  return error;
}

/** Whether a failure comes from a full disk, or a quota that is used up. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOSPC' || errno === 'EDQUOT' || saysFull(error);
}

/** A full disk, told with the path and the bytes that a step is to store there. */
export function diskFull(
  path: string,
  needBytes: number,
  cause: unknown,
  hint = `Free ${needBytes} bytes, then run the same command again.`,
): ReleasePlanError {
  const message = `not enough disk space for ${path}: ${needBytes} bytes required (${wordsOf(cause)})`;
  return at(path, new ReleasePlanError('disk-full', message, { cause: rootOf(cause), hint }));
}

/** The path that a failure is about, where it says so. */
function placeOf(error: unknown): string | undefined {
  if (error instanceof ReleasePlanError) return places.get(error);
  if (!(error instanceof Error)) return undefined;
  // A copy names where it comes from, and where it goes: that is the disk which is full.
  const { path, dest = path } = error as { path?: unknown; dest?: unknown };
  return typeof dest === 'string' ? dest : undefined;
}

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** How programs in the C locale tell of a full disk. */
export const DISK_FULL_WORDS = 'No space left on device';

/** A program that was run has no errno for us, only words. */
const saysFull = (error: unknown): boolean =>
  error instanceof ReleasePlanError && error.code === 'tool-failed' && error.message.includes(DISK_FULL_WORDS);

const rootOf = (error: unknown): unknown =>
  error instanceof ReleasePlanError && error.cause !== undefined ? error.cause : error;

function wordsOf(error: unknown): string {
  const root = rootOf(error);
  return root instanceof Error ? root.message : String(root);
}
