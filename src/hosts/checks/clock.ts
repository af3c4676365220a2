import type { HostCheck } from '../../core/host-check.ts';

/** S3 refuses what is signed with a time that is 15 minutes off; a host on its way there is told of before. */
const CLOCK_FAILS_MS = 5 * 60_000;
const CLOCK_LIMITED_MS = 30_000;

/**
 * Judges a clock that was asked for its time. Pure.
 *
 * @param theirsMs what it said, in milliseconds of the epoch
 * @param beganMs, endedMs this host's time when it was asked, and when the answer was there
 */
export function clockCheck(name: string, theirsMs: number, beganMs: number, endedMs: number): HostCheck {
  // Whenever in between it was read, the difference is at least this.
  const differenceMs = theirsMs < beganMs ? beganMs - theirsMs : Math.max(0, theirsMs - endedMs);
  const seconds = Math.round(differenceMs / 1000);
  const detail =
    differenceMs === 0 ? 'the same time' : `${seconds} s ${theirsMs < beganMs ? 'behind' : 'ahead of'} this host`;
  if (differenceMs >= CLOCK_FAILS_MS) return { name, state: 'failed', detail };
  return { name, state: differenceMs >= CLOCK_LIMITED_MS ? 'limited' : 'ok', detail };
}
