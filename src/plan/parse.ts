import type { ErrorObject } from 'ajv/dist/2020.js';
import { CODES } from '../core/codes/index.ts';
import type { Diagnostic, Location } from '../core/diagnostic.ts';
import { composeValue } from './compose.ts';
import { formatPointer, type Finding, type Pointer } from './finding.ts';
import { nestingProblem } from './guard.ts';
import { Locator } from './locate.ts';
import { secretsIn } from './rules/secrets.ts';
import { checkSchema } from './schema/check.ts';
import { explainSchemaError, type WrittenAt } from './schema/messages.ts';
import { leaveOut } from './schema/repair.ts';
import type { SourceText } from './source-text.ts';
import type { PlanSource } from './source.ts';
import { parseYaml } from './yaml.ts';

/** A plan file as read: what can be judged of it, and what is wrong with its form. */
export interface ParsedPlan {
  /** Absent when nothing can be judged: no YAML, or YAML that is broken so that its parts cannot be told apart. */
  content?: PlanSource;
  diagnostics: Diagnostic[];
  /** Keys at the top that no plan has; they are not in `content`. */
  unknownKeys: string[];
  /** Where a value (or its key) stands in the file. */
  locate(pointer: Pointer, on?: 'key'): Location;
}

/**
 * text -> YAML document -> plain values -> schema -> what rules can judge.
 * Each stage adds its diagnostics and hands on what is still of use.
 */
export async function parsePlan(source: SourceText): Promise<ParsedPlan> {
  const nesting = nestingProblem(source);
  if (nesting !== undefined) return { diagnostics: [nesting], unknownKeys: [], locate: () => source.locate([0, 1]) };
  const { document, diagnostics } = parseYaml(source);
  const start = (): Location => source.locate([0, 1]);
  if (document === undefined)
    return { diagnostics: diagnostics.length > 0 ? diagnostics : [empty(source)], unknownKeys: [], locate: start };

  const { value, aliases, diagnostics: composed } = composeValue(document, source);
  diagnostics.push(...composed);
  const locator = new Locator(document, source, aliases);
  const locate = (pointer: Pointer, on?: 'key'): Location => locator.locate(pointer, on);
  if (diagnostics.some((one) => !RECOVERABLE.has(one.code))) return { diagnostics, unknownKeys: [], locate };

  const { content, findings, unknownKeys } = await judge(value, (pointer) => locator.writtenAt(pointer));
  diagnostics.push(...bounded(findings, locate));
  return { ...(content === undefined ? {} : { content }), diagnostics, unknownKeys, locate };
}

/** After these the rest is read as it was meant. */
const RECOVERABLE: ReadonlySet<Diagnostic['code']> = new Set(['yaml-duplicate-key', 'yaml-tag']);

async function judge(
  value: unknown,
  written: WrittenAt,
): Promise<{ content?: PlanSource; findings: Finding[]; unknownKeys: string[] }> {
  // One more than is told, so that it can be told that there are more.
  const explained = (errors: readonly ErrorObject[]): Finding[] =>
    errors
      .slice(0, MOST_FINDINGS + 1)
      .map((one) => explainSchemaError(one, value, written))
      .filter((one) => one !== undefined);
  const secrets = secretsIn(value);
  const errors = await checkSchema(value);
  const first = explained(errors);
  if (!isMap(value)) return { findings: [...secrets, ...first], unknownKeys: [] };
  if (errors.length === 0) return { content: value, findings: secrets, unknownKeys: [] };
  const unknownKeys = errors
    .filter((one) => one.keyword === 'additionalProperties' && one.instancePath === '')
    .map((one) => String(one.params.additionalProperty));

  leaveOut(value, errors, written);
  // What stands in for an unquoted number has to pass as well; if it does not, quotes are no cure.
  const remaining = await checkSchema(value);
  const second = explained(remaining.filter((one) => !IS_TOLD.has(one.keyword)));
  leaveOut(value, remaining, () => undefined);
  const findings = [...withoutPlacesOf(withoutPlacesOf(first, second), secrets), ...withoutPlacesOf(second, secrets)];
  return { content: value, findings: [...secrets, ...findings], unknownKeys };
}

/** What a second look finds because the first one left values out. */
const IS_TOLD = new Set(['required', 'minItems', 'minProperties', 'type']);

/** Findings at other places than those: the others say more of theirs. */
function withoutPlacesOf(findings: readonly Finding[], others: readonly Finding[]): Finding[] {
  const places = new Set(others.map((one) => formatPointer(one.at)));
  return findings.filter((one) => !places.has(formatPointer(one.at)));
}

/** The schema has been applied by then: what is left of a map is a {@link PlanSource}. */
const isMap = (value: unknown): value is PlanSource =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** So many findings of the schema, and of the rules, are told: nobody reads more. */
const MOST_FINDINGS = 500;

/** Findings with their places in the file; of very many the first ones. */
export function bounded(findings: readonly Finding[], locate: ParsedPlan['locate']): Diagnostic[] {
  const told = findings.slice(0, MOST_FINDINGS).map((one) => toDiagnostic(one, locate));
  if (findings.length <= MOST_FINDINGS) return told;
  return [
    ...told,
    toDiagnostic(
      { code: 'plan-many-problems', at: [], message: `the plan has more than ${MOST_FINDINGS} problems of this kind` },
      locate,
    ),
  ];
}

/** A finding with its place in the file. */
export function toDiagnostic(finding: Finding, locate: ParsedPlan['locate']): Diagnostic {
  const { code, severity = 'error', message, hint = CODES[code].cure, at, on } = finding;
  return { code, severity, message, hint, where: locate(at, on) };
}

function empty(source: SourceText): Diagnostic {
  return {
    code: 'plan-empty',
    severity: 'error',
    message: 'the plan is empty',
    hint: '`release-plan init` creates a first one.',
    where: source.locate([0, 1]),
  };
}
