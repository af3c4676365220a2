import { printableLines } from './printable.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Text of others in XML, as content or as the value of an attribute in double quotes; XML 1.0 holds nothing unseen. */
export const xmlText = (text: string): string =>
  printableLines(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"\n]/g, (one) => ENTITIES[one] ?? one);
