import type { ArchiveState } from '../core/archive.ts';
import type { EngineName } from '../core/plan.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { RequiredPair } from '../plan/pairs.ts';
import type { Inputs } from './inputs.ts';

/** A required update with the devices that it serves, where the fleet is known. */
export interface FleetPair extends RequiredPair {
  devices?: number;
}

/**
 * What is known of a plan at one moment: plan, registry and fleet, what is
 * archived, and what is required. Nobody changes one: a step returns the
 * snapshot with what it made.
 */
export interface Snapshot {
  readonly inputs: Inputs;
  /** Versions and updates that are archived as files; none for a system that archives elsewhere. */
  readonly archive: ArchiveState;
  /** Updates that the plan's rules require, as files of the archive. */
  readonly pairs: readonly FleetPair[];
  /** Digest of what the plan says of packaging, by engine. */
  readonly recipes: ReadonlyMap<EngineName, string>;
  /** The consistency report as it stands on disk. */
  readonly written: ConsistencyReport | undefined;
}
