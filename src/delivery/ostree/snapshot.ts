import type { DeltaRule } from '../../core/plan.ts';
import type { RequiredDeltas, RequiredPair } from '../fleet/required.ts';
import type { FleetView } from '../fleet/view.ts';
import type { Snapshot } from '../snapshot.ts';
import type { LooseCost } from './loose.ts';
import type { DeltaState } from './state.ts';
import type { CommitPair } from './static-delta.ts';

/** A required static delta and what is known of it. */
export interface RequiredStaticDelta {
  /** Version, or the start of a commit that no Target has. */
  readonly from: string;
  readonly to: string;
  /** The rule in words. */
  readonly rule: string;
  readonly pair: RequiredPair;
  readonly state: DeltaState;
  /** What a device fetches without it; absent where the repository's trees do not tell. */
  readonly loose?: LooseCost;
}

/** Everything that steps and report of an OSTree plan are decided from; its archive is the repository. */
export interface OstreeSnapshot extends Snapshot {
  readonly view: FleetView;
  readonly answers: ReadonlyArray<{ rule: DeltaRule; answer: RequiredDeltas }>;
  /** Each required delta once, by devices served. */
  readonly required: readonly RequiredStaticDelta[];
  /** Broken deltas that no rule requires; looked for where a survey is asked for what is beside the plan. */
  readonly others: ReadonlyArray<{ pair: CommitPair; problem: string }>;
  /** Each version that the plan names, and why it cannot be served; undefined when it can. */
  readonly versions: ReadonlyMap<string, string | undefined>;
}
