/** What a nightly run is, and what a scheduler makes of it. Types only. */

/** A time of day, in whatever zone the scheduler counts in. */
export interface TimeOfDay {
  /** 0 to 23. */
  hour: number;
  /** 0 to 59. */
  minute: number;
}

/** A plan of a nightly run. */
export interface ScheduledPlan {
  /** The plan file, absolute. */
  file: string;
  /** The plan file, relative to the root of its git repository; absent outside of any. */
  pathInRepository?: string;
  /** Key of the plan -> absolute path, of what must outlive the run: archive and OSTree repository. */
  kept: Readonly<Record<string, string>>;
  /** Its reports, absolute. */
  reports: readonly string[];
}

/** A nightly run of one or more plans. */
export interface NightlyRun {
  /** What units, jobs and files are named by. */
  name: string;
  plans: readonly ScheduledPlan[];
  /** What starts release-plan on this host, as arguments. */
  program: readonly string[];
  /** The account that builds. */
  user: string;
  at: TimeOfDay;
  /** Root of the git repository that all of the plans are in, absolute; absent outside of one. */
  repository?: string;
  /** Names of the environment variables that the plans take keys and passphrases from. */
  secrets: readonly string[];
}

/** A file to be written. */
export interface ScheduleFile {
  name: string;
  content: string;
}

/** Where a file was written. */
export interface WrittenFile {
  /** Absolute. */
  path: string;
  /** As the user would write it. */
  shown: string;
}

/** A way to start a run every night; one file each, and a line in registry.ts. */
export interface Scheduler {
  /** Its flag on the command line, without the dashes. */
  name: string;
  /** For `--help`. */
  about: string;
  /** Where its files go unless told otherwise, relative to the repository; the working directory without it. */
  folder?: string;
  /**
   * @throws ReleasePlanError `schedule-text` when a path cannot be written in
   *   its language, `schedule-ci` when the run would not outlive a checkout
   */
  files(run: NightlyRun): Promise<ScheduleFile[]>;
  /** What is left to do by hand, a line each. */
  next(run: NightlyRun, files: readonly WrittenFile[]): string[];
}
