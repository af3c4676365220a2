import type { PackageLists } from '../../archive/package-lists.ts';
import type { CheckRow } from '../../core/report.ts';
import type { RequiredDeltas } from '../fleet/required.ts';
import type { Snapshot } from '../snapshot.ts';

/** How the devices on each tag that a rule asks for reach its version. */
export interface DeviceAnswers {
  /** Of devices that cannot be read. */
  bad: readonly CheckRow[];
  answers: ReadonlyArray<{ tag: string; answer: RequiredDeltas }>;
}

/** What is known of a SWUpdate plan. */
export interface SwupdateSnapshot extends Snapshot {
  /** sha256 of the public key that devices trust, when it can be read here. */
  readonly trust: string | undefined;
  /** What the fleet says; undefined when the plan names no fleet, or no rule asks for it. */
  readonly devices: DeviceAnswers | 'not asked' | undefined;
  /** Packages of the versions of all pairs, as far as their builds left a list. */
  readonly packages: PackageLists;
  /** Versions that a full package is made of. */
  readonly fulls: readonly string[];
  /** Digest of what the plan says of full packages. */
  readonly fullRecipe: string;
}
