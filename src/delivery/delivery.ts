/** A delivery system: the way from versions to devices. Two are there, see index.ts; nothing else asks which it is. */
import type { Code } from '../core/codes/index.ts';
import type { PairMap } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { Publication } from '../core/publication.ts';
import type { BuildWarning, ChangeRow, CheckRow, FleetRow, FullRow, ReportScope, SizeRow } from '../core/report.ts';
import type { WorkStep } from '../core/step.ts';
import type { Inventory } from '../archive/inventory.ts';
import type { ReadOptions } from '../archive/manifest.ts';
import type { RetentionFacts } from '../archive/retention.ts';
import type { TargetFormat } from '../fleet/registry.ts';
import type { Finding } from '../plan/finding.ts';
import type { Meter } from '../text/meter.ts';
import type { BasisFacts, DeltaQuestion, RequiredPair } from './fleet/required.ts';
import type { Host } from './host.ts';
import type { Inputs } from './inputs.ts';
import type { Snapshot } from './snapshot.ts';

export interface SurveyOptions {
  /** How archived files are read: all bytes unless it says otherwise. */
  reading?: ReadOptions;
  /** What is surveyed beside what the plan refers to; it decides no step. */
  beside?: Inventory;
  /** Take versions for whole whose manifest nobody has signed yet; only to sign them. */
  acceptUnvouched?: boolean;
}

/** What a step left: what it changed, and a line for the person who watches. */
export interface Made<S extends Snapshot = Snapshot> {
  /** The snapshot with it; others may have changed the snapshot while it was made. */
  change(snapshot: S): S;
  message: string;
}

/** Makes steps, several at once where they share no lane. */
export interface StepRunner<S extends Snapshot = Snapshot> {
  /** @param snapshot as the steps left it that had ended when it began */
  run(step: WorkStep, snapshot: S, progress: (message: string) => void): Promise<Made<S>>;
}

export interface RunRequest {
  /** The steps that will be run. */
  steps: readonly WorkStep[];
  /** Steps that other hosts will run meanwhile: what speaks against them is found here, too. */
  elsewhere?: readonly WorkStep[];
  /** The host that asked for the steps has looked at what speaks against them. */
  isChecked?: boolean;
  host: Host;
  /** How long to wait for another run that holds what the steps need; 0 leaves at once. */
  waitMs: number;
  /** So many of them run at once, at the most: what one may take of the processors. */
  jobs: number;
  /** The number of jobs that the user gave; a system that shares out work by itself takes it as it is. */
  wantedJobs?: number | undefined;
}

/** Why something could not be made in this run. */
export interface Failures {
  versions: ReadonlyMap<string, string>;
  /** Of full packages, by version. */
  fulls: ReadonlyMap<string, string>;
  pairs: Pick<PairMap<string>, 'get'>;
}

export interface ReportRows {
  checks: CheckRow[];
  sizes: SizeRow[];
  /** What was warned of when versions were built. */
  warnings?: BuildWarning[];
  fulls?: FullRow[];
  /** What changed between the versions of each pair. */
  changes?: ChangeRow[];
  /** The fleet by tag, where it is known. */
  fleet?: FleetRow[];
}

/** What was shown of updates just now, by pair. */
export type ShownRows = Pick<PairMap<readonly CheckRow[]>, 'get' | 'keys' | 'values'>;

/** What proving again gave. */
export interface Reproven {
  /** As it was found: what another run exchanged meanwhile is in here. */
  snapshot: Snapshot;
  shown: ShownRows;
  /** Of full packages, by version. */
  shownFulls: ReadonlyMap<string, readonly CheckRow[]>;
  /** What could not be read, a line each. */
  unreadable: string[];
}

export interface ProveOptions {
  /** Apply the deltas too. */
  deep: boolean;
  meter: Meter;
}

/** What became of one damaged thing. */
export interface Repair {
  /** A file of a version, by its path; or an update, as a pair. */
  what: string;
  result: 'repaired' | 'beyond-repair';
  detail: string;
}

/** One damaged thing, and how it is made again. */
export interface RepairTask {
  title: string;
  /** Failures that a user can meet are an outcome; bugs and interruptions are thrown. */
  run(found: Reproven, progress: (message: string) => void): Promise<Reproven & { repairs: Repair[] }>;
}

/** Deltas that nothing needs. */
export interface Unneeded {
  deltas: Array<{ pair: string; sizeBytes?: number }>;
  /** Versions that devices run, and how many; undefined when the plan names no fleet. */
  running: ReadonlyMap<string, number> | undefined;
}

/** What devices download. */
export interface DeltaSizes {
  deltas: Array<{
    from: string;
    to: string;
    bytes: number;
    /** ISO 8601, UTC. */
    madeAt?: string;
  }>;
  /** Absent where the system has no full package, or none of the version. */
  fullBytes?: number;
}

/** How the deltas of a system stand to what a fleet requires. */
export interface FleetDeltas {
  /** What is told of a delta that cannot be made, since one of its ends is not there. */
  readonly missingCode: Code;
  /** Which devices of a fleet a plan makes deltas for, where not for all. */
  own(plan: Plan): Pick<DeltaQuestion, 'hardwareId' | 'family'>;
  /** What is known of the bases that deltas would start from, read once. */
  facts(inputs: Inputs, signal?: AbortSignal): Promise<BasisFacts>;
  /** What keeps devices from using each delta, in the order of the pairs; undefined where nothing does. */
  problems(plan: Plan, pairs: readonly RequiredPair[], signal?: AbortSignal): Promise<Array<string | undefined>>;
  /** What an operator should know of deltas that devices can use all the same, a line each. */
  cautions(plan: Plan, pairs: readonly RequiredPair[]): string[];
  /**
   * Makes what is missing of these pairs.
   *
   * @param apply makes a plan true but for its report
   */
  make(
    inputs: Inputs,
    pairs: readonly RequiredPair[],
    host: Host,
    options: { waitMs: number; apply(plan: Plan): Promise<void> },
  ): Promise<void>;
  /** Every delta that is there, and what devices without one download to reach a version. */
  sizes(inputs: Inputs, to: string, signal?: AbortSignal): Promise<DeltaSizes>;
  /** The deltas that are there and that none of these pairs is; undefined where `gc` sees to them. */
  unrequired(
    plan: Plan,
    retained: readonly RequiredPair[],
    signal?: AbortSignal,
  ): Promise<Array<{ from: string; to: string }> | undefined>;
  /** Withdraws deltas that {@link unrequired} gave. */
  prune(
    plan: Plan,
    pairs: ReadonlyArray<{ from: string; to: string }>,
    host: Host,
    options: { waitMs: number },
  ): Promise<void>;
}

/** What a host without the key leaves of a step. */
export interface Prepared {
  dir: string;
  /** Names of its files. */
  files: string[];
}

/** How steps of a system are made on other hosts, which see the same archive and have a plan of their own. */
export interface HandOut<S extends Snapshot = Snapshot> {
  /**
   * What a step is made of and makes, by name: equal on two hosts when they would make the same. Undefined for a step
   * that has to be made where the plan is applied. Pure.
   */
  identity(step: WorkStep, snapshot: S): Readonly<Record<string, unknown>> | undefined;
  /** As `survey`, of nothing but these steps. @param reading how archived files are read */
  surveyFor(
    inputs: Inputs,
    steps: readonly WorkStep[],
    host: Pick<Host, 'env' | 'signal'>,
    reading: ReadOptions,
  ): Promise<S>;
  /**
   * Why packages cannot be signed here, in words; undefined when they can.
   *
   * @throws ReleasePlanError `certificate-*`, `signing-key-mismatch`: what is wrong with a key that is here
   */
  unsignable(plan: Plan, host: Pick<Host, 'env' | 'signal'>): Promise<string | undefined>;
  /**
   * Does of a step what needs no key, for the host that has one to do the rest; undefined for one that leaves nothing
   * to do without it.
   *
   * @returns what was made, in words
   */
  prepare(
    step: WorkStep,
    snapshot: S,
    host: Host,
    progress: (message: string) => void,
    jobs: number,
  ): Promise<string> | undefined;
  /**
   * Where {@link prepare} leaves what it made of a step, and where the host with the key looks for it.
   *
   * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`
   */
  prepared(step: WorkStep, snapshot: S): Prepared | undefined;
  /**
   * What another host made of a step, every byte of it read.
   *
   * @throws ReleasePlanError `archive-damaged`, `archive-missing`, `archive-unreadable`
   */
  taken(step: WorkStep, snapshot: S, signal: AbortSignal): Promise<Made<S>>;
}

/** @typeParam S what the system's own functions know of a plan; jobs hand it back unread */
export interface Delivery<S extends Snapshot = Snapshot> {
  /** The format of its Targets in the registry. */
  readonly format: TargetFormat;
  /** Folders that have to outlast a checkout, by the plan key that names them. */
  kept(plan: Plan): Record<string, string>;
  /** Where versions and tags that rules ask for are written down. */
  readonly versionsIn: 'plan' | 'registry';
  /**
   * Finds out how things stand; changes nothing.
   *
   * @throws ReleasePlanError `fleet-*`, `targets-*`, and what the system's archive cannot be read with
   */
  survey(inputs: Inputs, host: Pick<Host, 'env' | 'signal'>, options?: SurveyOptions): Promise<S>;
  /** What has to be done, in order; nothing when all is made. Pure. */
  steps(snapshot: S): WorkStep[];
  /** What only one step can have at a time, by name; undefined for a step that needs nothing of the kind. Pure. */
  lane(step: WorkStep): string | undefined;
  /** Memory that a step takes at its peak, in this process and in what it starts; 0 where it is little. Pure. */
  memoryBytes(step: WorkStep, snapshot: S): number;
  /** Holds what the steps need while `body` runs them. */
  run<T>(snapshot: S, request: RunRequest, body: (runner: StepRunner<S>) => Promise<T>): Promise<T>;
  /** Keeps the registry in step with what was made. */
  register(snapshot: S, host: Pick<Host, 'env' | 'report' | 'signal'>): Promise<void>;
  /** What keeps a plan from coming true as things are; changes nothing. */
  findings(inputs: Inputs, reading: ReadOptions): Promise<Finding[]>;
  /** What the plan refers to. */
  scope(snapshot: S): ReportScope;
  /** The report's rows over a scope. Pure. */
  rows(snapshot: S, scope: ReportScope, failures: Failures): ReportRows;
  /** @throws ReleasePlanError `gc-undecided` when it cannot be told who needs what */
  unneeded(snapshot: S, host: Pick<Host, 'signal'>): Promise<Unneeded>;
  /**
   * Who needs what of an archive.
   *
   * @throws ReleasePlanError `gc-undecided`; `usage` where nothing is removed by a retention rule
   */
  retention(
    inputs: Inputs,
    archived: Inventory,
    reading: Pick<ReadOptions, 'isElsewhere'>,
  ): Promise<{ facts: Omit<RetentionFacts, 'versions' | 'pairs'>; archive: S['archive'] } & Pick<Unneeded, 'running'>>;
  /** What is fit to reach devices: made as the plan says it now, whole, and with no failing check. Pure. */
  publication(snapshot: S): Publication;
  /** Shows again what was shown when things were made, and believes no record. */
  prove(snapshot: S, host: Host, options: ProveOptions): Promise<Reproven>;
  /** How many bytes {@link prove} goes through. */
  bytesToProve(snapshot: S, deep: boolean): number;
  /** What is damaged and can be tried to be made again, in order. */
  repairs(found: Reproven, host: Host, options: { deep: boolean }): RepairTask[];
  /**
   * Signs the manifests of archived versions that have no signature yet, after they were verified.
   *
   * @returns the files that were written
   * @throws ReleasePlanError `usage` where nothing is signed, `archive-damaged`, `archive-contradicted`
   */
  signManifests(found: Reproven, host: Host): Promise<string[]>;
  readonly deltas: FleetDeltas;
  /** Absent where all steps have to be made on one host. */
  readonly handOut?: HandOut<S>;
}
