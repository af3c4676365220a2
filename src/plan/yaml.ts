import { parseDocument, type Document, type ErrorCode, type ParsedNode, type YAMLError } from 'yaml';
import { CODES, type Code } from '../core/codes.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { printable } from '../text/printable.ts';
import { quote } from './finding.ts';
import type { SourceText } from './source-text.ts';
import { unoptimised } from './unoptimised.ts';

export type PlanDocument = Document.Parsed<ParsedNode>;

const CODE_OF_ERROR: Partial<Record<ErrorCode, Code>> = {
  BAD_ALIAS: 'yaml-alias',
  ALIAS_PROPS: 'yaml-alias',
  TAG_RESOLVE_FAILED: 'yaml-tag',
  MULTIPLE_TAGS: 'yaml-tag',
  MULTIPLE_DOCS: 'yaml-documents',
  RESOURCE_EXHAUSTION: 'yaml-limit',
};

/** In characters; larger texts are parsed faster by optimised code, see {@link unoptimised}. */
const SOON_PARSED = 128 * 1024;

/** So many are told; a file with more is no plan. */
const MOST_ERRORS = 20;

/**
 * Parses YAML 1.2 (core schema, string keys, `<<` merges as kas files have them). Warnings of the parser are errors
 * here: each means that the
 * text is read otherwise than it looks.
 *
 * @returns the document, also a broken one as far as it could be read; `undefined` when there is nothing to read
 */
export function parseYaml(source: SourceText): { document?: PlanDocument; diagnostics: Diagnostic[] } {
  const parse = (): PlanDocument => parseQuickly(source.text);
  const document = source.text.length <= SOON_PARSED ? unoptimised(parse) : parse();
  const problems = withoutEchoes([...document.errors, ...document.warnings]);
  const diagnostics = problems.map((problem) => diagnosticOf(problem, source));
  if (document.contents === null || problems.some((problem) => problem.code === 'RESOURCE_EXHAUSTION'))
    return { diagnostics };
  return { document, diagnostics };
}

function parseQuickly(text: string): PlanDocument {
  // The parser makes an Error of each mistake; of a hundred thousand, their stacks would take most of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parseDocument(text, {
      version: '1.2',
      strict: true,
      // compose.ts looks for them: here each key is compared with all before it.
      uniqueKeys: false,
      stringKeys: true,
      merge: true,
      prettyErrors: false,
      // 'silent' would keep quiet about a second document, too.
      logLevel: 'error',
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const codeOf = (problem: YAMLError): Code => CODE_OF_ERROR[problem.code] ?? 'yaml-syntax';

/** After a syntax error the parser is out of step: the next ones are its echo. */
function withoutEchoes(problems: readonly YAMLError[]): YAMLError[] {
  const first = problems.find((one) => codeOf(one) === 'yaml-syntax');
  return problems.filter((one) => one === first || codeOf(one) !== 'yaml-syntax').slice(0, MOST_ERRORS);
}

function diagnosticOf(problem: YAMLError, source: SourceText): Diagnostic {
  const code = codeOf(problem);
  const [start, end] = problem.pos;
  if (code === 'yaml-documents')
    return {
      code,
      severity: 'error',
      message: 'a second document begins here',
      hint: CODES[code].cure,
      where: source.locate([start, start + 3]),
    };
  if (problem.code === 'TAG_RESOLVE_FAILED')
    return {
      code,
      severity: 'error',
      message: `the tag ${quote(source.text.slice(start, end))} means nothing in a plan`,
      hint: CODES[code].cure,
      where: source.locate([start, end]),
    };
  // The parser quotes the text, which may be long or hold anything.
  const message = printable(problem.message.split('\n', 1)[0] ?? '').slice(0, 200);
  return { code, severity: 'error', message, hint: CODES[code].cure, where: source.locate([start, end]) };
}
