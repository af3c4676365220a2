/**
 * The interface of a destination: where packages go to reach devices. One file per kind implements it, see kinds.ts.
 */
import type { Report } from '../core/events.ts';
import type { DestinationSettings } from '../core/plan.ts';
import type { ReleasePackage, SeriesOwner } from './package.ts';
import type { RolloutStatus } from './rollout/progress.ts';

/** What a destination may use of this machine. */
export interface DestinationHost {
  env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  planDir: string;
  signal: AbortSignal;
  report: Report;
}

/** What a destination has of a package. */
export type Presence =
  | { state: 'missing' }
  /** Part of it is there, from an interrupted run. */
  | { state: 'partial'; detail: string }
  | { state: 'present'; place: string }
  /** Something else has its name; it is not touched. */
  | { state: 'differs'; detail: string }
  /** The destination cannot serve it beside others; no failure. */
  | { state: 'unsuited'; detail: string };

/** A destination that was opened: reachable or not is found by the first call. */
export interface Destination {
  readonly name: string;
  readonly kind: string;
  /** Where it is, for people: a path, a bucket, an address without secrets. */
  readonly address: string;

  /** What it has of a package. Changes nothing. */
  inspect(one: ReleasePackage): Promise<Presence>;

  /**
   * Sends a package that is missing or partial, and checks what arrived. Interrupted and called again, it goes on.
   * No device is offered the package before it is whole and checked.
   *
   * @param onBytes told of bytes that left, also of those that had arrived before
   * @returns where it is now
   * @throws ReleasePlanError `publish-damaged`, `publish-differs`, `server-*`
   */
  send(one: ReleasePackage, onBytes: (bytes: number) => void): Promise<string>;

  /**
   * Says to devices what there is, once everything is there: the index of a folder of files. Servers that know by
   * themselves do nothing.
   *
   * @param packages all that are whole at the destination, whoever sent them
   */
  announce(packages: readonly ReleasePackage[]): Promise<void>;

  /**
   * Brings an OSTree repository there, so that devices can pull from it at any moment: what others name comes first,
   * the summary last. A dry run only counts. Absent where devices cannot pull.
   */
  mirror?(repo: string, progress: MirrorProgress, options?: { dryRun: boolean }): Promise<MirrorResult>;

  /**
   * How the rollouts of a product stand. Absent where there are none.
   *
   * @param isWanted by their names; of others nothing more is asked
   * @throws ReleasePlanError `server-*`
   */
  rollouts?(owner: SeriesOwner, isWanted: (name: string) => boolean): Promise<RolloutStatus[]>;
}

export interface MirrorProgress {
  /** Told once how much is to be sent. */
  onTotal: (bytes: number) => void;
  onBytes: (bytes: number) => void;
}

export interface MirrorResult {
  sentFiles: number;
  sentBytes: number;
  /** Files that were there already. */
  presentFiles: number;
}

/** A kind of destination: one entry of the list in kinds.ts. */
export interface DestinationKind {
  readonly kind: string;
  open(settings: DestinationSettings, host: DestinationHost): Promise<Destination>;
}
