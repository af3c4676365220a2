import { htmlText } from '../../text/html.ts';

/** Text that is HTML already. Only {@link html} makes it, and {@link trusted}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: HTML as it is, anything else as text. */
export type Part = Html | string | number | undefined | readonly Part[];

/** Line breaks stay, but break no line of the page: it may be printed into the log of a CI job. */
const escaped = (text: string): string => text.split('\n').map(htmlText).join('&#10;');

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
