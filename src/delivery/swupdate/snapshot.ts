import type { CheckRow } from '../../core/report.ts';
import type { Snapshot } from '../snapshot.ts';

/** What is known of a SWUpdate plan. */
export interface SwupdateSnapshot extends Snapshot {
  /** sha256 of the public key that devices trust, when it can be read here. */
  readonly trust: string | undefined;
  /** What the fleet says, as rows of the report; none when the plan names no fleet. */
  readonly deviceRows: readonly CheckRow[];
}
