import type { Drive, Report } from '../core/events.ts';

/** The outside world, as whoever makes steps sees it. */
export interface Host {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report: Report;
  drive: Drive;
}
