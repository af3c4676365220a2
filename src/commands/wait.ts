import { ReleasePlanError } from '../core/errors.ts';

const DEFAULT_MINUTES = '60';

/** The flag of every command that takes the archive's lock. */
export const WAIT_FLAG = [
  '--wait [minutes]',
  `wait for another run to finish, at most this long (default: ${DEFAULT_MINUTES})`,
] as const;

/**
 * A command line in which each `--wait` has its minutes. commander takes any next word for the value of the flag, so
 * that `apply --wait plan.yml` would lose its plan.
 */
export function withExplicitWait(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, at) =>
    word === '--wait' && (end === -1 || at < end) && !isNumber(argv[at + 1]) ? `--wait=${DEFAULT_MINUTES}` : word,
  );
}

const isNumber = (word: string | undefined): boolean =>
  word !== undefined && /\d/.test(word) && Number.isFinite(Number(word));

/** The value of {@link WAIT_FLAG} in milliseconds; 0 without it. @throws ReleasePlanError `usage` */
export function waitOf(wait: string | boolean | undefined): number {
  if (wait === undefined || wait === false) return 0;
  const minutes = Number(wait === true ? DEFAULT_MINUTES : wait);
  if (!Number.isFinite(minutes) || minutes < 0)
    throw new ReleasePlanError('usage', `--wait expects a number of minutes, not ${JSON.stringify(wait)}`);
  return minutes * 60_000;
}
