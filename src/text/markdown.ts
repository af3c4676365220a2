/** Markdown out of text of others, as GitHub, GitLab and mail clients show it. */
import { printable } from './printable.ts';

/** Text that a table cell can hold: a bar or a line break would end it. */
const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');

/** A table; cells are Markdown. */
export const markdownTable = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |\n`).join('');

/** Text as it is: what would be markup, or HTML, is escaped. */
export const plainText = (text: string): string =>
  printable(text).replace(/[\\`*<>[\]#~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&');

/** A code span, which no backtick in the text ends. */
export function codeSpan(text: string): string {
  const shown = printable(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  if (longest === 0) return `\`${shown}\``;
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${shown} ${fence}`;
}

const PERCENT: Readonly<Record<string, string>> = { '(': '%28', ')': '%29', '<': '%3C', '>': '%3E' };

/** A link; the address is one that release-plan made, of hosts and paths of others. */
export const link = (label: string, address: string): string =>
  `[${label}](${address.replace(/[\s()<>]/g, (one) => PERCENT[one] ?? encodeURIComponent(one))})`;
