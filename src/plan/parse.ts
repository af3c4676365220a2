import type { Diagnostic, Location } from '../diagnostic.ts';
import { composeValue } from './compose.ts';
import type { Finding, Pointer } from './finding.ts';
import { Locator } from './locate.ts';
import { checkSchema } from './schema/check.ts';
import { explainSchemaError } from './schema/messages.ts';
import { usablePart } from './schema/repair.ts';
import type { SourceText } from './source-text.ts';
import type { PlanSource } from './source.ts';
import { parseYaml } from './yaml.ts';

/** A plan file as read: what can be judged of it, and what is wrong with its form. */
export interface ParsedPlan {
  content: PlanSource;
  diagnostics: Diagnostic[];
  /** Where a value (or its key) stands in the file. */
  locate(pointer: Pointer, on?: 'key'): Location;
}

/**
 * text -> YAML document -> plain values -> schema -> what rules can judge.
 * Each stage adds its diagnostics and hands on what is still of use.
 */
export async function parsePlan(source: SourceText): Promise<ParsedPlan> {
  const { document, diagnostics } = parseYaml(source);
  const locator = new Locator(document, source);
  const locate = (pointer: Pointer, on?: 'key'): Location => locator.locate(pointer, on);
  if (document === undefined) return { content: {}, diagnostics: diagnostics.length > 0 ? diagnostics : [empty(source)], locate };

  const { value, diagnostics: limits } = composeValue(document, source);
  if (limits.length > 0) return { content: {}, diagnostics: [...diagnostics, ...limits], locate };

  const errors = await checkSchema(value);
  const written = (pointer: Pointer): string | undefined => locator.writtenAt(pointer);
  const findings = errors.map((error) => explainSchemaError(error, value, written)).filter((one) => one !== undefined);
  return { content: usablePart(value, errors, written), diagnostics: [...diagnostics, ...findings.map((one) => toDiagnostic(one, locate))], locate };
}

/** A finding with its place in the file. */
export function toDiagnostic(finding: Finding, locate: ParsedPlan['locate']): Diagnostic {
  const { code, severity = 'error', message, hint, at, on } = finding;
  return { code, severity, message, ...(hint === undefined ? {} : { hint }), where: locate(at, on) };
}

function empty(source: SourceText): Diagnostic {
  return { code: 'plan-empty', severity: 'error', message: 'the plan is empty', hint: '`release-plan init` writes a first one.', where: source.locate([0, 1]) };
}
