import type { Proof } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';

/** A proof by a program that need not be there: without it nothing is shown, and the proof says so. */
export async function orNotInstalled(
  check: Proof['check'],
  program: string,
  proof: () => Promise<Proof>,
): Promise<Proof> {
  try {
    return await proof();
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-missing')
      return { check, result: 'not-checked', detail: `${program} is not installed here` };
    throw error;
  }
}
