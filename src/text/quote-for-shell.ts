/** What needs no quotes in a POSIX shell, wherever it stands. */
export const PLAIN_SHELL = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word as a POSIX shell takes it, quoted only where it has to be: for commands that people copy. */
export const quoteForShell = (text: string): string =>
  PLAIN_SHELL.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
