/**
 * Every code that a diagnostic or an error can carry, with the process exit
 * code it ends in and what `release-plan explain CODE` says of it.
 *
 * The one table: a new code is one entry here, and a test holds that each is
 * raised by some test.
 */

/** Exit codes of the command line; scripts and CI rely on them. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  build: 3,
  inconsistent: 4,
  environment: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CodeEntry {
  exit: ExitCode;
  /** What went wrong and why it matters, in a sentence or two. */
  about: string;
  /** What the user does about it. */
  cure: string;
}

const entry = (exit: ExitCode, about: string, cure: string): CodeEntry => ({ exit, about, cure });

const codes = {
  // --- usage -----------------------------------------------------------------
  'usage': entry(EXIT.usage, 'The command line is wrong.', 'See `release-plan help COMMAND`.'),
  'plan-not-found': entry(EXIT.usage, 'The plan file does not exist or cannot be read.', 'Check the path; `release-plan init` writes a first plan.'),

  // --- environment (io) --------------------------------------------------------
  'tool-missing': entry(EXIT.environment, 'A program that this step needs is not installed.', 'Install the named Debian package; `release-plan doctor` lists all of them.'),
  'tool-failed': entry(EXIT.environment, 'A program that this step runs ended with an error.', 'Read its output, quoted in the message.'),
  'io-failed': entry(EXIT.environment, 'A file could not be read or written.', 'Check the path, its permissions and the free disk space, then run the same command again: what has its final name is whole.'),
  'disk-full': entry(EXIT.environment, 'The disk has no room for this step.', 'Free the named number of bytes, then run the same command again.'),
  'locked': entry(EXIT.environment, 'Another run holds the lock.', 'Wait for the named process to end, or run with --wait.'),
  'interrupted': entry(EXIT.interrupted, 'The run was interrupted.', 'Run the same command again: it goes on where it stopped.'),

  // --- delta engine (rdiff/create) ---------------------------------------------
  'engine-missing': entry(EXIT.environment, 'The compiled parts of the delta engine (dist/rdiff) are not there: the package was not built, or not whole.', 'Run `npm run build` in a checkout, or install the package again.'),
  'engine-memory': entry(EXIT.usage, 'The memory given to the delta engine is too small to work in.', 'Give --memory at least 64MiB.'),
  'bug': entry(EXIT.bug, 'release-plan itself failed in a way it did not expect.', 'Please report it with the command and the message.'),

  // --- archive -----------------------------------------------------------------
  'archive-damaged': entry(EXIT.inconsistent, 'A file of the archive is missing or is not what its manifest says. It may be what devices run, so nothing is built on it.', 'Restore the named files from a backup. If there is none, move the folder away and build the version again: it must give the same bytes.'),
  'archive-conflict': entry(EXIT.inconsistent, 'The version is archived already, with other bytes. What is archived never changes: devices may run it.', 'Give the new build a new version.'),
  'archive-missing': entry(EXIT.inconsistent, 'A version that this step needs is not in the archive.', 'Run `release-plan apply` without --only, so that it is built and archived first.'),
  'artifact-missing': entry(EXIT.build, 'The build left no file of the name that the plan gives.', 'Compare `kas.deploy`, `partitions[].file` and `collect` with what the build leaves.'),

  // --- deltas and their checks -----------------------------------------------------
  'pair-inconsistent': entry(EXIT.inconsistent, 'The two versions do not fit together, or a proof failed, so no update between them is published.', 'The consistency report names each failed check.'),
  'delta-unproven': entry(EXIT.inconsistent, 'The delta, applied to its base, does not give the target. It is not published.', 'Please report it with both images; `release-plan delta create` shows it by itself.'),

  // --- librsync files ------------------------------------------------------------
  'delta-not-a-delta': entry(EXIT.usage, 'The file does not start as a librsync delta does.', 'Give a file made by `release-plan delta create` or `rdiff delta`, plain or compressed by gzip or zstd.'),
  'delta-truncated': entry(EXIT.inconsistent, 'The delta ends before its end command. Nothing was written.', 'Fetch or make the delta again; a download or a full disk may have cut it.'),
  'delta-corrupt': entry(EXIT.inconsistent, 'The delta holds something that librsync never writes, so it was damaged. Nothing was written.', 'Fetch or make the delta again and compare its sha256.'),
  'delta-beyond-base': entry(EXIT.inconsistent, 'The delta copies from beyond the end of the base: it was made for another base, or is damaged. Nothing was written.', 'Give the base that the delta was made from; delta-info.json beside it holds its sha256.'),
  'signature-corrupt': entry(EXIT.inconsistent, 'The file is no librsync signature, or not a whole one.', 'Make it again with `release-plan delta signature`.'),
} as const satisfies Record<string, CodeEntry>;

/** The name of a code, as printed and as `explain` takes it. */
export type Code = keyof typeof codes;

/** The table, by code. */
export const CODES: Readonly<Record<Code, CodeEntry>> = codes;
