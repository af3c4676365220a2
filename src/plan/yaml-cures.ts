/** What people do to YAML, told apart by the text: the parser names the place where it gave up, and no cure. Pure. */
import type { ErrorCode } from 'yaml';
import { quote } from './finding.ts';

/** A mistake in words, and the text that it is about. */
export interface YamlMistake {
  message: string;
  hint: string;
  range: [start: number, end: number];
}

type Recognise = (text: string, at: number) => YamlMistake | undefined;

/** How far around the parser's place a cause is looked for: it may give up a line later. */
const LINES_BEFORE = 1;

/** Each mistake, and the parser's errors that it may be behind; any of them without. */
const KNOWN: ReadonlyArray<readonly [recognise: Recognise, codes?: readonly ErrorCode[]]> = [
  [conflictMarker],
  [tabAsIndent, ['TAB_AS_INDENT']],
  [unclosedQuote, ['MISSING_CHAR']],
  [unclosedBracket, ['MISSING_CHAR', 'BAD_INDENT']],
  [missingSpace, ['MULTILINE_IMPLICIT_KEY', 'MISSING_CHAR', 'BAD_INDENT', 'BLOCK_AS_IMPLICIT_KEY', 'UNEXPECTED_TOKEN']],
];

/**
 * The mistake behind a syntax error.
 *
 * @param at offset where the parser gave up
 * @param code the parser's
 * @returns undefined for one that is not known
 */
export function recogniseMistake(text: string, at: number, code: ErrorCode): YamlMistake | undefined {
  for (const [recognise, codes] of KNOWN) {
    const found = codes === undefined || codes.includes(code) ? recognise(text, at) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Anywhere before: the parser may read on for a while. */
function conflictMarker(text: string): YamlMistake | undefined {
  const found = /^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?$/m.exec(text);
  if (found === null) return undefined;
  return {
    message: `unresolved merge conflict: ${quote(found[0])}`,
    hint: 'Resolve the conflict, and delete the lines <<<<<<<, ======= and >>>>>>>.',
    range: [found.index, found.index + found[0].length],
  };
}

function tabAsIndent(text: string, at: number): YamlMistake | undefined {
  const start = lineStart(text, at);
  const indent = /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
  if (!indent.includes('\t')) return undefined;
  const tab = start + indent.indexOf('\t');
  return {
    message: 'this line is indented by a tab; YAML allows only spaces',
    hint: 'Replace each tab by spaces: `expand -t 2 PLAN`, or your editor\'s "convert indentation to spaces".',
    range: [tab, start + indent.length],
  };
}

/** `key:value` is a text, and what follows it makes no sense. */
function missingSpace(text: string, at: number): YamlMistake | undefined {
  let start = lineStart(text, at);
  for (let back = 0; back <= LINES_BEFORE; back += 1) {
    const line = lineAt(text, start);
    const found = /^(\s*(?:- )?)([A-Za-z_][\w-]*):(?!\/\/)([^\s:'"].*)$/.exec(line);
    if (found !== null) {
      const [, indent = '', key = '', value = ''] = found;
      const from = start + indent.length;
      return {
        message: `a space is missing after the colon of ${quote(key)}`,
        hint: `Write ${quote(`${key}: ${value}`)}.`,
        range: [from, from + key.length + 1 + value.length],
      };
    }
    if (start === 0) break;
    start = lineStart(text, start - 1);
  }
  return undefined;
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** The last bracket that is open where the parser gave up: that is where something has to be written. */
function unclosedBracket(text: string, at: number): YamlMistake | undefined {
  const open: number[] = [];
  for (const { index, 0: found } of text
    .slice(0, at)
    .matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?<=^|\s)#.*|[{}[\]]/gm)) {
    if (found === '{' || found === '[') {
      // `${NAME}` and the like inside of a plain text are no collections.
      if (text[index - 1] !== '$' && /[\s:,[{-]/.test(text[index - 1] ?? ' ')) open.push(index);
    } else if (found === '}' || found === ']') open.pop();
  }
  const last = open.at(-1);
  if (last === undefined) return undefined;
  const bracket = text[last] ?? '';
  return {
    message: `this ${quote(bracket)} is not closed`,
    hint: `Add ${quote(CLOSING[bracket] ?? '')} where the ${bracket === '{' ? 'map' : 'list'} ends.`,
    range: [last, last + 1],
  };
}

function unclosedQuote(text: string, at: number): YamlMistake | undefined {
  const before = text.slice(0, at);
  let last: number | undefined;
  for (const { index, 0: found } of before.matchAll(
    /(?<=[\s:,[{-]|^)(?:"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)|(?<=^|\s)#.*/gm,
  )) {
    if (/^["']/.test(found) && (found.length === 1 || found[0] !== found.at(-1))) last = index;
  }
  if (last === undefined) return undefined;
  const mark = text[last] ?? '';
  return {
    message: `the string that starts here has no closing ${mark}`,
    hint: `Add ${mark} where the string ends.`,
    range: [last, last + 1],
  };
}

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '');
}
