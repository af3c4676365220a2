/** One value as text of each language that a schedule is written in. Pure. */
import { ReleasePlanError } from '../core/errors.ts';
import { PLAIN_SHELL, quoteForShell } from '../text/quote-for-shell.ts';

/** What no unit, crontab or pipeline can hold, or what would show another text than is run. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * Refuses text that could end its line.
 *
 * @throws ReleasePlanError `schedule-text`
 */
export function requireOneLine(text: string): string {
  if (!INVISIBLE.test(text)) return text;
  throw new ReleasePlanError(
    'schedule-text',
    `${JSON.stringify(text)} contains a control character, which no scheduler accepts`,
  );
}

/** A word that a POSIX shell takes as it is. */
export function shellWord(text: string): string {
  return quoteForShell(requireOneLine(text));
}

/** A command line for a POSIX shell. */
export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ');

/** Text in a unit file: `%` would begin a specifier. */
const unitText = (text: string): string => requireOneLine(text).replaceAll('%', '%%');

/**
 * The value of a setting in a unit file. Most settings know no quotes, so that
 * a backslash at the end, which would join the next line to it, cannot be said.
 *
 * @throws ReleasePlanError `schedule-text`
 * @see systemd.syntax(7)
 */
export function unitValue(text: string): string {
  if (text.endsWith('\\'))
    throw new ReleasePlanError(
      'schedule-text',
      `${JSON.stringify(text)} ends with a backslash, which a unit file reads as a line continuation`,
    );
  return unitText(text);
}

/**
 * A command line for ExecStart=. The prefix `:` keeps systemd from replacing
 * `$NAME`, which a path may hold.
 *
 * @see systemd.service(5), COMMAND LINES; systemd.syntax(7), QUOTING
 */
export const execStart = (words: readonly string[]): string =>
  `:${words.map((word) => (PLAIN_SHELL.test(word) ? unitText(word) : quotedWord(unitText(word)))).join(' ')}`;

const quotedWord = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/**
 * The command of a crontab line: cron takes `%` for a line break, and crons
 * differ in what they make of a backslash before it.
 *
 * @throws ReleasePlanError `schedule-text`
 * @see crontab(5)
 */
export function cronCommand(shell: string): string {
  if (shell.replaceAll("'\\''", '').includes('\\'))
    throw new ReleasePlanError('schedule-text', `a crontab line cannot contain a backslash: ${shell}`);
  return shell.replaceAll('%', '\\%');
}

/** A YAML text: JSON strings are YAML. */
export const yamlText = (text: string): string => JSON.stringify(requireOneLine(text));

/** Text in a GitHub workflow, where `${{` begins an expression in any value. */
export const githubText = (text: string): string => yamlText(text.replaceAll('${{', "${{ '${{' }}"));
