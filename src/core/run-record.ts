/** What a run of `apply` leaves of itself beside the report, as plain data: nights in a row show what one cannot. */
import type { CheckRow } from './report.ts';

/** One run, as the page and the front page draw it. */
export interface RunRecord {
  schema: 1;
  kind: 'apply' | 'nightly';
  /** ISO 8601, UTC. */
  startedAt: string;
  durationMs: number;
  exitCode: number;
  consistent: boolean;
  /** Checks of the report by result. */
  checks: { pass: number; fail: number; notChecked: number };
  /** The first failed checks; {@link checks} has their number. */
  failed: Array<Pick<CheckRow, 'check' | 'subject' | 'detail'>>;
  steps: { done: number; failed: number; skipped: number };
  /** Sizes of what a device downloads, over the updates of the plan; absent without any. */
  sizes?: { updates: number; medianBytes: number; largestBytes: number };
  /** What all devices download, where the fleet is known. */
  transferBytes?: number;
  /** What was sent to destinations; absent where nothing was published. */
  sentBytes?: number;
}
