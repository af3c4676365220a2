import type { Code } from './codes/index.ts';

/** A place in a file; line and column count from 1, as editors do. */
export interface Location {
  /** Path as the user would write it: relative to the working directory where that is shorter. */
  file: string;
  line: number;
  column: number;
  /** Where the offending text ends (exclusive), on the same or a later line. */
  endLine?: number;
  endColumn?: number;
  /**
   * The file is not a plan: its text is never shown. Whoever proposes a plan may name files that only the build host
   * may read.
   */
  isForeign?: true;
}

/** One finding about the user's input. Checks collect these; they never throw them one at a time. */
export interface Diagnostic {
  code: Code;
  severity: 'error' | 'warning';
  /** What is wrong, with the value, in one line. */
  message: string;
  /** What to do about it, in one line. */
  hint?: string;
  where?: Location;
}
