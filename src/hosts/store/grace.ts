/**
 * Content that nothing names is removed when it is old, and who is about to name some that is there makes sure that it
 * is young. The times are the same for all hosts, or content that is named could be lost:
 *
 * - content is removed at the age of a grace time, by the clock of the store;
 * - who gives a name to content that is there makes it young when it is older than half of that, and gives the name
 *   within a quarter;
 * - who removes content looks at the names, and has removed what they do not lead to within a quarter.
 *
 * So what was half as old as it may be when it was looked at, and has a name that was given after the names were looked
 * at, is not as old as it may be when its turn to be removed comes. What becomes old in between, see sweep-marks.ts.
 */

const DAY_MS = 86_400_000;

/** How old content gets that nothing names. */
export const GRACE_MS = 7 * DAY_MS;

/** Content that is younger may be given a name as it is. */
export const YOUNG_MS = GRACE_MS / 2;

/** How long may pass from a look at the store to what follows from it. */
export const LOOK_MS = GRACE_MS / 4;
