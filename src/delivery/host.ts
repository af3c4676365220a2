import type { Drive, Report } from '../core/events.ts';

/** Runs something that waits. */
export type Idle = <T>(body: () => Promise<T>) => Promise<T>;

/** The outside world, as whoever makes steps sees it. */
export interface Host {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report: Report;
  drive: Drive;
  /**
   * Whether commands that the plan names may be run. What only looks leaves them alone unless it is told otherwise:
   * whoever proposes a plan must not run programs on the host that reviews it.
   */
  runsCommands?: boolean;
  /** Runs what waits and uses no processor, so that other steps may begin meanwhile; absent where there are none. */
  idle?: Idle;
  /** The user says that the archive is to be a new one, also where released versions are made anew. */
  startsArchive?: boolean;
}
