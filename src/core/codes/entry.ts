/** Exit codes of the command line; scripts and CI rely on them. */
export const EXIT = {
  ok: 0,
  bug: 1,
  /** `targets` answers as fioctl does, whose scripts expect 1 when it finds nothing to do. */
  fioctl: 1,
  usage: 2,
  build: 3,
  inconsistent: 4,
  environment: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What `release-plan explain CODE` says of a code. */
export interface CodeEntry {
  /** The exit code of the process; {@link EXIT}.ok for what is always a warning. */
  exit: ExitCode;
  /** What went wrong and why it matters, in a sentence or two. */
  about: string;
  /** What the user does about it. */
  cure: string;
  /** What raises it, as a user meets it: lines of a plan or of a shell, with what is right behind `# instead:`. */
  example: string;
}

/** The codes of one area. */
export type CodeTable = Readonly<Record<string, CodeEntry>>;
