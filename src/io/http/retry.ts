/** Trying again what may pass: with growing pauses, as long as the server asks, and not for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientFailure } from './exchange.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  attempts: number;
  /** Pause before the second try; it doubles from try to try. */
  firstPauseMs: number;
  /** Longest pause, also when the server asks for more: then it is given up. */
  maxPauseMs: number;
}

export const DEFAULT_RETRIES: RetryPolicy = { attempts: 6, firstPauseMs: 500, maxPauseMs: 60_000 };

/**
 * How long to wait before the next try, in milliseconds, or undefined to give up. Pure but for the `random` it is
 * given.
 *
 * @param tries how many were made
 * @param random 0 to 1: pauses are spread, so that many hosts that a server turned away do not come back together
 */
export function pauseMs(
  policy: RetryPolicy,
  tries: number,
  failure: TransientFailure,
  random: number,
): number | undefined {
  if (tries >= policy.attempts) return undefined;
  const own = Math.min(policy.maxPauseMs, policy.firstPauseMs * 2 ** (tries - 1)) * (0.5 + random / 2);
  const asked = failure.retryAfterMs ?? 0;
  return asked > policy.maxPauseMs ? undefined : Math.max(own, asked);
}

/**
 * Runs `body` until it ends in something else than a {@link TransientFailure}.
 *
 * @param onPause told before each pause
 * @throws TransientFailure the last one; anything else that `body` throws
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  onPause: (failure: TransientFailure, pauseMs: number) => void,
  body: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      const pause = pauseMs(policy, tries, error, Math.random());
      if (pause === undefined) throw error;
      onPause(error, pause);
      await sleep(pause, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/**
 * `Retry-After` in milliseconds: seconds, or a date.
 *
 * @returns undefined when it is neither
 * @see RFC 9110, 10.2.3
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
