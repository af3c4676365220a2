/**
 * Text of others, for a terminal and for the log of a CI job.
 *
 * Taken out is what could move the cursor or write into the clipboard (control
 * characters, OSC 52), what turns the direction of writing or cannot be seen,
 * so that one thing would look like another, and what a CI server takes for a
 * command: a line that begins with `::`, and `##[...]` anywhere in one.
 *
 * @see https://trojansource.codes
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 * @see actions/runner, src/Runner.Common/ActionCommand.cs: both forms, the older one anywhere in a line
 */

/** Joiners are part of how some languages are written. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSEEN_BUT_LINES = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What stands for a character that is not shown. */
const DOT = '\u00b7';

/** `##[group]` of GitHub and Azure, `##vso[`, `##teamcity[`. */
const withoutMarks = (text: string): string => text.replace(/##(?=\w*\[)/g, `#${DOT}`);

/** A name, a reason, a cell of a table: one line, whatever it was. */
export const printable = (text: string): string => withoutMarks(text.replace(UNSEEN, DOT));

/** A message of several lines, or everything that is written at once. */
export const printableLines = (text: string): string =>
  withoutMarks(text.replaceAll('\r\n', '\n').replace(UNSEEN_BUT_LINES, DOT)).replace(/^([^\S\n]*):(?=:)/gm, `$1${DOT}`);

/** As {@link printableLines}; further lines are indented, so that none of them passes for a line of ours. */
export const printableMessage = (text: string, indent: string): string =>
  printableLines(text).replaceAll('\n', `\n${indent}`);
