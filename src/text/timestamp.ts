/** The latest second that a Date can hold. */
const LAST_SECOND = 8_640_000_000_000;

/**
 * The time to write into a manifest or a report, ISO 8601 in UTC: the present,
 * or SOURCE_DATE_EPOCH where it is set, so that equal runs leave equal bytes.
 *
 * @param env SOURCE_DATE_EPOCH is in seconds; anything but a whole number of them does not count
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function timestamp(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const epoch = env.SOURCE_DATE_EPOCH ?? '';
  const isSet = /^\d{1,13}$/.test(epoch) && Number(epoch) <= LAST_SECOND;
  return (isSet ? new Date(Number(epoch) * 1000) : new Date()).toISOString();
}

/**
 * A time as names of files have it: `20261121T211811Z` sorts by time, and needs no quotes in a shell.
 *
 * @param iso in UTC
 */
export const timeInNames = (iso: string): string => iso.replace(/[-:]|\.\d+/g, '');
