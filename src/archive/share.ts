/** A file, or whatever else is read as one, that a night may read or leave to another. */
export interface SharedFile {
  /** Tells it from the others. */
  path: string;
  sizeBytes: number;
  /** When it was last read, in milliseconds of the epoch; undefined when that is not known. */
  readAtMs: number | undefined;
}

export interface ShareQuestion {
  nowMs: number;
  /** Each byte is to be read at least once within so many days. */
  verifyDays: number;
  /** When the archive was last read by a night; undefined for the first. */
  lastNightMs: number | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Which files a night reads: those that would be older than `verifyDays` by
 * the next night, and beyond them the ones read longest ago, until the night
 * has read its part of all bytes. So no night reads much more than another,
 * and one that was missed is made up for. Pure.
 *
 * @returns their paths
 */
export function nightlyShare(
  files: readonly SharedFile[],
  { nowMs, verifyDays, lastNightMs }: ShareQuestion,
): Set<string> {
  const sinceLastMs = lastNightMs === undefined || lastNightMs > nowMs ? DAY_MS : nowMs - lastNightMs;
  const periodMs = verifyDays * DAY_MS;
  // The next night comes as late as this one did, and never counts as sooner than in a day.
  const oldestMs = nowMs - periodMs + Math.max(DAY_MS, sinceLastMs);
  const totalBytes = files.reduce((sum, one) => sum + one.sizeBytes, 0);
  const quotaBytes = totalBytes * Math.min(1, sinceLastMs / periodMs);
  const due = new Set<string>();
  let dueBytes = 0;
  for (const file of files.toSorted((a, b) => (a.readAtMs ?? 0) - (b.readAtMs ?? 0))) {
    const isOld = file.readAtMs === undefined || file.readAtMs < oldestMs;
    if (!isOld && dueBytes >= quotaBytes) break;
    due.add(file.path);
    dueBytes += file.sizeBytes;
  }
  return due;
}
