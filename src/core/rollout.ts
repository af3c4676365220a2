/** Rollouts of a server, and what went over the wire. Pure. */

/** A rollout as it stood when the server was asked. */
export interface RolloutStanding {
  /** Name of the destination. */
  destination: string;
  /** As the server has it. */
  name: string;
  version: string;
  tag: string;
  /** Absent for the full package. */
  base?: string;
  /** Whether its devices had refused their delta. */
  isOfRefused: boolean;
  /** In the server's word: running, paused, finished, ... */
  state: string;
  devices: number;
  finished: number;
  failed: number;
  /** What went over the wire; absent where the packages are not known here. */
  wire?: Wire;
  /** ISO 8601, UTC. */
  at: string;
}

/** Bytes of packages that devices loaded. */
export interface Wire {
  /** Of every device that ended, also of one that then refused its package. */
  bytes: number;
  /** Had those that succeeded taken the full package; absent when there is none. */
  fullBytes?: number;
}

/** The sum of several; undefined when none is known. */
export function sumOfWires(standings: ReadonlyArray<{ wire?: Wire | undefined }>): Wire | undefined {
  const known = standings.map(({ wire }) => wire).filter((wire) => wire !== undefined);
  if (known.length === 0) return undefined;
  const bytes = known.reduce((sum, one) => sum + one.bytes, 0);
  if (known.some(({ fullBytes }) => fullBytes === undefined)) return { bytes };
  return { bytes, fullBytes: known.reduce((sum, one) => sum + (one.fullBytes ?? 0), 0) };
}
