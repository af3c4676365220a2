import { ReleasePlanError } from '../core/errors.ts';

/** The flag of every command that makes steps. */
export const JOBS_FLAG = [
  '--jobs <number>',
  'steps to run at once (default: as many as processors and memory allow)',
] as const;

/** More at once than any machine has processors is a mistake, such as a port. */
const JOBS_MAX = 1024;

/** The value of {@link JOBS_FLAG}; undefined without it. @throws ReleasePlanError `usage` */
export function jobsOf(jobs: string | undefined, flag = '--jobs'): number | undefined {
  if (jobs === undefined) return undefined;
  const number = Number(jobs);
  if (!/^\d+$/.test(jobs) || number < 1 || number > JOBS_MAX)
    throw new ReleasePlanError('usage', `${flag} expects a number from 1 to ${JOBS_MAX}, not ${JSON.stringify(jobs)}`);
  return number;
}
