import type { Diagnostic } from '../../core/diagnostic.ts';

/** What was checked, and what was found. */
export interface Findings {
  /** Every file that was looked at, as the user would write it; also those without a finding. */
  files: readonly string[];
  diagnostics: readonly Diagnostic[];
}

/** A way to write diagnostics down for a machine. A new one is a file and a line in the registry. */
export interface DiagnosticFormat {
  name: string;
  /** What its paths are relative to: a platform knows the repository, a person the folder they are in. */
  paths: 'repository' | 'folder';
  /** Whole document, with a final newline; empty when the format has nothing to say of nothing. */
  render(found: Findings): string;
}

/** Message and cure in one text, for formats that have no place of its own for the cure. */
export const messageWithHint = ({ message, hint }: Diagnostic): string =>
  hint === undefined ? message : `${message}\n${hint}`;
