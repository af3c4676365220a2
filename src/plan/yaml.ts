import { parseDocument, type Document, type ErrorCode, type ParsedNode, type YAMLError } from 'yaml';
import type { Code } from '../codes.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { SourceText } from './source-text.ts';

export type PlanDocument = Document.Parsed<ParsedNode>;

const CODES: Partial<Record<ErrorCode, Code>> = {
  DUPLICATE_KEY: 'yaml-duplicate-key',
  BAD_ALIAS: 'yaml-alias',
  ALIAS_PROPS: 'yaml-alias',
  TAG_RESOLVE_FAILED: 'yaml-tag',
  MULTIPLE_TAGS: 'yaml-tag',
  MULTIPLE_DOCS: 'yaml-documents',
  RESOURCE_EXHAUSTION: 'yaml-limit',
};

const HINTS: Partial<Record<Code, string>> = {
  'yaml-duplicate-key': 'Keep one of the two.',
  'yaml-tag': 'Remove the tag: a plan needs none.',
  'yaml-documents': 'Give each plan a file of its own.',
};

/** So many syntax errors are told; what follows the first ones is mostly their echo. */
const MOST_ERRORS = 20;

/**
 * Parses YAML 1.2 (core schema, unique string keys, `<<` merges as kas files
 * have them). Warnings of the parser are errors here: each means that the
 * text is read otherwise than it looks.
 *
 * @returns the document, also a broken one as far as it could be read; `undefined` when there is nothing to read
 */
export function parseYaml(source: SourceText): { document?: PlanDocument; diagnostics: Diagnostic[] } {
  const document: PlanDocument = parseDocument(source.text, {
    version: '1.2',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const problems = [...document.errors, ...document.warnings].slice(0, MOST_ERRORS);
  const diagnostics = problems.map((problem) => diagnosticOf(problem, source));
  if (document.contents === null || problems.some((problem) => problem.code === 'RESOURCE_EXHAUSTION')) return { diagnostics };
  return { document, diagnostics };
}

function diagnosticOf(problem: YAMLError, source: SourceText): Diagnostic {
  const code = CODES[problem.code] ?? 'yaml-syntax';
  const hint = HINTS[code];
  // The parser quotes the text, which may be long or hold anything.
  const message = problem.message.split('\n', 1)[0]?.replace(/\p{Cc}/gu, '\u00b7').slice(0, 200) ?? '';
  return { code, severity: 'error', message, ...(hint === undefined ? {} : { hint }), where: source.locate(problem.pos) };
}
