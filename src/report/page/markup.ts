import { printable } from '../../text/printable.ts';

/** Text that is HTML already. Only {@link html} makes it, and {@link trusted}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: HTML as it is, anything else as text. */
export type Part = Html | string | number | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of others as HTML: no markup, and nothing that turns the direction of writing; line breaks stay. */
const escaped = (text: string): string =>
  text
    .split('\n')
    .map(printable)
    .join('\n')
    .replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);

function textOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escaped(part);
  return typeof part === 'number' ? String(part) : part.map(textOf).join('');
}

/**
 * A template of HTML: every value is escaped unless it was made by a template itself. How the template is broken into
 * lines is the formatter's, and no part of the page.
 */
export const html = (parts: TemplateStringsArray, ...values: readonly Part[]): Html =>
  new Html(parts.map((part, at) => part.replace(/\s*\n\s*/g, ' ') + textOf(values[at])).join(''));

/** Our own text, put into a page as it is: a style sheet, a script. */
export const trusted = (text: string): Html => new Html(text);
