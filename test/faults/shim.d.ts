/** A fault: how a process ends, or with what a call fails. */
export type Fault = 'kill' | 'torn' | 'power' | 'vanish' | 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE';

export interface FaultPlan {
  /** Calls on paths that begin so count. */
  roots: string[];
  /** Which one gets the fault, from 1; with 0 they are only counted. */
  at: number;
  fault: Fault;
  /** What vanishes. */
  mount?: string;
  /** In place of one call: every call that opens or reads this file fails. */
  badFile?: string;
}

export function arm(plan: FaultPlan): void;
export function disarm(): { seen: number; fired: string | undefined };
