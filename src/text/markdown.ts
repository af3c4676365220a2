/** Markdown out of text of others, as GitHub, GitLab and mail clients show it. */
import { printable } from './printable.ts';

/**
 * Text of others in a Markdown document, also within a table: one line, in
 * which nothing is a link, an image, HTML, code, emphasis or the end of a cell.
 *
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export const markdownText = (text: string): string =>
  printable(text.replace(/\s*\n\s*/g, ' '))
    .replace(/[\\`*[\]|~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');

/** What is Markdown already. */
export interface Made {
  markdown: string;
}

/** A table; a cell is text of others, or Markdown that was made for it. */
export const markdownTable = (head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | Made>>): string =>
  [head, head.map(() => ({ markdown: '---' })), ...rows].map((row) => `| ${row.map(cellOf).join(' | ')} |\n`).join('');

/** A bar would end a cell, also within code. */
const cellOf = (content: string | Made): string =>
  typeof content === 'string'
    ? markdownText(content)
    : content.markdown.replace(/\\?\|/g, String.raw`\|`).replace(/\s*\n\s*/g, ' ');

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
