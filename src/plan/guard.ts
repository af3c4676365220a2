import type { Diagnostic } from '../diagnostic.ts';
import { CODES } from '../codes.ts';
import type { SourceText } from './source-text.ts';

/** Columns that indentation and block indicators may take: a plan needs 20. */
const WIDEST_INDENT = 200;
/** Brackets that may be open at once. */
const MOST_OPEN = 100;

/**
 * Refuses text that would keep the YAML parser busy for seconds, or crash the
 * process, before it is parsed: nesting. By counting alone, so brackets in
 * quotes count too; no plan has a hundred of them unclosed.
 *
 * Measured with yaml 2.9.1 on 1 MiB: `[[[[` 7 s and 1 GB, `- - - -` ends Node.js
 * (a regular expression of the parser's outgrows its memory).
 */
export function nestingProblem(source: SourceText): Diagnostic | undefined {
  const offset = deepIndent(source.text) ?? deepFlow(source.text);
  if (offset === undefined) return undefined;
  return { code: 'yaml-limit', severity: 'error', message: 'nested too deep', hint: CODES['yaml-limit'].cure, where: source.locate([offset, offset + 1]) };
}

/** Where a line is indented too far, `- - -` included. */
function deepIndent(text: string): number | undefined {
  for (let start = 0; start < text.length;) {
    let at = start;
    while (at - start <= WIDEST_INDENT && isIndent(text.charCodeAt(at))) at += 1;
    if (at - start > WIDEST_INDENT) return at;
    const end = text.indexOf('\n', at);
    if (end === -1) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** Space, tab, and the indicators - ? : after which a block may begin on the same line. */
const isIndent = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x2d || code === 0x3f || code === 0x3a;

/** Where too many brackets are open. */
function deepFlow(text: string): number | undefined {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > MOST_OPEN) return index;
  }
  return undefined;
}
