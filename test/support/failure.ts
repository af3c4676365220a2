import { ReleasePlanError } from '../../src/core/errors.ts';

/** The error that a piece of work throws; fails when it throws none, or one that is no user's error. */
export async function failureOf(work: () => Promise<unknown>): Promise<ReleasePlanError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ReleasePlanError) return error;
    throw error;
  }
  throw new Error('it should have thrown');
}
