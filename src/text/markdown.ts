import { printable } from './printable.ts';

/**
 * Text of others in a Markdown document, also within a table: one line, in
 * which nothing is a link, an image, HTML, code, emphasis or the end of a cell.
 *
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export const markdownText = (text: string): string =>
  printable(text.replace(/\s*\n\s*/g, ' '))
    .replace(/[\\`*[\]|~]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
