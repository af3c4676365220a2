import { printable } from './printable.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of others in HTML, as content or as the value of an attribute in quotes. */
export const htmlText = (text: string): string =>
  printable(text.replace(/\s*\n\s*/g, ' ')).replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);
