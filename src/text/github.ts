/**
 * Text of others in a command of GitHub Actions: unescaped, a line break would begin a command of its own.
 *
 * @see actions/toolkit, packages/core/src/command.ts
 */
import { printableLines } from './printable.ts';

/** Behind the second `::`. */
export const githubData = (text: string): string =>
  printableLines(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

/** The value of a property. */
export const githubProperty = (text: string): string => githubData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
