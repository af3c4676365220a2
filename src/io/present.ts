import { readdir } from 'node:fs/promises';
import { errnoOf } from '../core/errors.ts';

/** Failures that say nothing about whether something is there. */
const CANNOT_TELL: ReadonlySet<string | undefined> = new Set([
  'EIO',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
  'EROFS',
  'ETIMEDOUT',
]);

/**
 * What a look at a path gives, or undefined where there is nothing (of the
 * kind that was looked for). A file that cannot be looked at is not missing:
 * a full table of open files must not make a program believe that an archive
 * is empty.
 *
 * @throws the system error, when it leaves open whether something is there
 */
export async function ifPresent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (leavesOpen(error)) throw error;
    return undefined;
  }
}

/** Whether a failed look leaves open if something is there. */
export const leavesOpen = (error: unknown): boolean => CANNOT_TELL.has(errnoOf(error)) || errnoOf(error) === undefined;

/** The names in a folder; none when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
