import { ReleasePlanError } from '../core/errors.ts';

/** The words of the flag that every command has that takes the archive's lock. */
export const WAIT_FLAG = ['--wait [minutes]', 'wait for another run to end, 60 minutes unless given'] as const;

/** The value of {@link WAIT_FLAG} in milliseconds; 0 without it. @throws ReleasePlanError `usage` */
export function waitOf(wait: string | boolean | undefined): number {
  if (wait === undefined || wait === false) return 0;
  const minutes = wait === true ? 60 : Number(wait);
  if (!Number.isFinite(minutes) || minutes < 0)
    throw new ReleasePlanError('usage', `--wait takes a number of minutes, not ${JSON.stringify(wait)}`);
  return minutes * 60_000;
}
