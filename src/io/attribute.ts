import { ReleasePlanError, errnoOf } from '../core/errors.ts';

/**
 * Runs `body`, and names the path when the system fails it without one: a
 * write, a read or an fsync of an open file says no more than `EIO`.
 *
 * @param needBytes what `body` is to store, for the message when the disk is full
 * @throws ReleasePlanError `disk-full` with path and bytes, `io-failed` with the path; anything else as it is
 */
export async function attributed<T>(path: string, body: () => Promise<T>, needBytes?: number): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw named(path, error, needBytes);
  }
}

function named(path: string, error: unknown, needBytes: number | undefined): unknown {
  const errno = errnoOf(error);
  if (needBytes !== undefined && (errno === 'ENOSPC' || errno === 'EDQUOT' || saysFull(error))) {
    return new ReleasePlanError(
      'disk-full',
      `not enough disk space for ${path}: ${needBytes} bytes required (${wordsOf(error)})`,
      {
        cause: rootOf(error),
        hint: `Free ${needBytes} bytes, then run the same command again.`,
      },
    );
  }
  const isBare = error instanceof Error && 'syscall' in error && !('path' in error) && !('spawnargs' in error);
  return isBare ? new ReleasePlanError('io-failed', `${path}: ${error.message}`, { cause: error }) : error;
}

/** A program that was run has no errno for us, only words. */
const saysFull = (error: unknown): boolean =>
  error instanceof ReleasePlanError &&
  error.code === 'tool-failed' &&
  error.message.includes('No space left on device');

const rootOf = (error: unknown): unknown =>
  error instanceof ReleasePlanError && error.cause !== undefined ? error.cause : error;

function wordsOf(error: unknown): string {
  const root = rootOf(error);
  return root instanceof Error ? root.message : String(root);
}
