import type { Diagnostic } from '../core/diagnostic.ts';
import { CODES } from '../core/codes/index.ts';
import type { SourceText } from './source-text.ts';

/** Columns that indentation and block indicators may take: a plan needs 20. */
const WIDEST_INDENT = 200;
/**
 * Space, tab, and the indicators - ? : after which a block may begin on the same line. A search, not a loop: V8
 * compiles it at once.
 */
const TOO_WIDE = new RegExp(`(?:^|\\n)[ \\t?:-]{${WIDEST_INDENT + 1}}`);
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
  return {
    code: 'yaml-limit',
    severity: 'error',
    message: 'nested too deeply',
    hint: CODES['yaml-limit'].cure,
    where: source.locate([offset, offset + 1]),
  };
}

/** Where a line is indented too far, `- - -` included. */
function deepIndent(text: string): number | undefined {
  const found = TOO_WIDE.exec(text);
  return found === null ? undefined : found.index + found[0].length;
}

/** Where too many brackets are open. */
function deepFlow(text: string): number | undefined {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > MOST_OPEN) return index;
  }
  return undefined;
}
