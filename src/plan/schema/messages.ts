import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Code } from '../../core/codes/index.ts';
import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { closestName, suggestion } from '../../text/suggest.ts';
import { meantDurations, meantSizes } from '../../text/units.ts';

/** What the messages need of a schema part. */
interface SchemaPart {
  type?: string | string[];
  description?: string;
  patternErrorMessage?: string;
  properties?: Record<string, SchemaPart>;
  items?: SchemaPart;
  enum?: unknown[];
  examples?: unknown[];
}

/** The text of a scalar before YAML made a number of it. */
export type WrittenAt = (pointer: Pointer) => string | undefined;

type Explain = (error: ErrorObject, at: Pointer, written: WrittenAt) => Finding | undefined;

/** A finding of our own words for an ajv error; undefined when another error says it already. */
export function explainSchemaError(error: ErrorObject, value: unknown, written: WrittenAt): Finding | undefined {
  const at = pointerOf(error.instancePath, value);
  const explain = EXPLANATIONS[error.keyword];
  if (explain !== undefined) return explain(error, at, written);
  return { code: 'value-invalid', at, message: `${formatPointer(at)} ${error.message ?? 'is not allowed'}` };
}

/** The steps of a JSON pointer; those into lists as numbers. */
export function pointerOf(instancePath: string, value: unknown): Array<string | number> {
  const steps: Array<string | number> = [];
  let current = value;
  for (const raw of instancePath.split('/').slice(1)) {
    const key = raw.replace(/~1/g, '/').replace(/~0/g, '~');
    steps.push(Array.isArray(current) ? Number(key) : key);
    current =
      current !== null && typeof current === 'object' && Object.hasOwn(current, key)
        ? (current as Record<string, unknown>)[key]
        : undefined;
  }
  return steps;
}

const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  additionalProperties: unknownKey,
  required: missingKey,
  type: wrongType,
  enum: unknownValue,
  const: (error, at) => ({
    code: 'value-unknown',
    at,
    message:
      `${formatPointer(at)} is ${quote(error.data)}; this release-plan supports only ` +
      `${quote(error.params.allowedValue)}`,
    hint: `Set it to ${quote(error.params.allowedValue)}, or upgrade release-plan.`,
  }),
  pattern: wrongForm,
  minLength: (_error, at) => ({ code: 'value-invalid', at, message: `${formatPointer(at)} is empty` }),
  maxLength: (error, at) => ({
    code: codeOf(error),
    at,
    message:
      `${formatPointer(at)} has ${String(error.data).length} characters; at most ${error.params.limit} ` +
      'are allowed',
  }),
  minimum: outOfRange,
  maximum: outOfRange,
  minItems: (error, at) => ({
    code: 'value-empty',
    at,
    message: `${formatPointer(at)} is an empty list`,
    hint: hintOf(error) ?? 'Add at least one item, or remove the key.',
  }),
  minProperties: (error, at) => ({
    code: 'value-empty',
    at,
    message: `${formatPointer(at)} selects nothing`,
    hint: `Set exactly one of ${keysOf(error).join(', ')}.`,
  }),
  maxProperties: (error, at) => ({
    code: 'value-invalid',
    at,
    message: `${formatPointer(at)} has ${Object.keys(error.data as object)
      .map((key) => quote(key))
      .join(' and ')}; only one is allowed`,
    hint: `Set exactly one of ${keysOf(error).join(', ')}; for more selections, add more rules.`,
  }),
  // Its inner error says what is wrong with the name.
  propertyNames: () => undefined,
  // So do the errors of the part that the condition chose.
  if: () => undefined,
};

function unknownKey(error: ErrorObject, at: Pointer): Finding {
  const key = String(error.params.additionalProperty);
  return {
    code: 'key-unknown',
    at: [...at, key],
    on: 'key',
    message: `unknown key ${quote(key)} in ${formatPointer(at)}`,
    hint: suggestion(key, keysOf(error), 'keys here'),
  };
}

function missingKey(error: ErrorObject, at: Pointer): Finding | undefined {
  const key = String(error.params.missingProperty);
  const description = partOf(error).properties?.[key]?.description;
  const present = Object.keys(error.data as object).filter((one) => !keysOf(error).includes(one));
  // A misspelt key is told as unknown already, with this one as what was meant.
  if (present.some((one) => closestName(one, keysOf(error)) === key)) return undefined;
  return {
    code: 'key-missing',
    at,
    message: `${formatPointer(at)} has no ${quote(key)}`,
    ...(description === undefined ? {} : { hint: description }),
  };
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'a boolean',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
};

function wrongType(error: ErrorObject, at: Pointer, written: WrittenAt): Finding {
  const wanted = [error.params.type as string | string[]].flat();
  const text = written(at);
  if (error.data === null)
    return { code: 'value-empty', at, message: `${formatPointer(at)} is empty`, hint: `Expected ${wordsOf(wanted)}.` };
  if (
    wanted.includes('string') &&
    !wanted.includes('integer') &&
    (typeof error.data === 'number' || typeof error.data === 'boolean') &&
    text !== undefined
  ) {
    const what = typeof error.data === 'number' ? 'number' : 'boolean';
    const read = String(error.data) === text ? '' : `, which reads it as ${String(error.data)}`;
    return {
      code: 'value-unquoted',
      at,
      message: `${text} is a ${what} in YAML${read}; ${formatPointer(at)} expects a string`,
      hint: `Quote it: "${text}".`,
    };
  }
  const expected = partOf(error).patternErrorMessage ?? wordsOf(wanted);
  return { code: 'value-type', at, message: `${formatPointer(at)} is ${typeWord(error.data)}; expected ${expected}` };
}

function unknownValue(error: ErrorObject, at: Pointer): Finding {
  const known = (error.params.allowedValues as unknown[]).map(String);
  return {
    code: 'value-unknown',
    at,
    message: `${formatPointer(at)} cannot be ${quote(error.data)}`,
    hint: suggestion(String(error.data), known, 'values'),
  };
}

function wrongForm(error: ErrorObject, at: Pointer): Finding {
  const wanted = partOf(error).patternErrorMessage ?? `a string that matches ${String(error.params.pattern)}`;
  if (error.propertyName !== undefined) {
    return {
      code: 'value-invalid',
      at: [...at, error.propertyName],
      on: 'key',
      message: `${quote(error.propertyName)} is not a valid key in ${formatPointer(at)}`,
      hint: `Expected ${wanted}.`,
    };
  }
  const hint = versionHint(error) ?? unitHint(error) ?? `Expected ${wanted}.`;
  return { code: codeOf(error), at, message: `${formatPointer(at)} cannot be ${quote(error.data)}`, hint };
}

function outOfRange(error: ErrorObject, at: Pointer): Finding {
  const bound = error.keyword === 'minimum' ? 'at least' : 'at most';
  return {
    code: 'value-invalid',
    at,
    message: `${formatPointer(at)} is ${quote(error.data)}; it must be ${bound} ${String(error.params.limit)}`,
  };
}

const partOf = (error: ErrorObject): SchemaPart => (error.parentSchema ?? {}) as SchemaPart;
const keysOf = (error: ErrorObject): string[] => Object.keys(partOf(error).properties ?? {});

function hintOf(error: ErrorObject): string | undefined {
  const [example] = partOf(error).examples ?? [];
  return example === undefined ? undefined : `Example: ${JSON.stringify(example)}`;
}

const isVersion = (error: ErrorObject): boolean => error.schemaPath.startsWith('#/$defs/version/');
const codeOf = (error: ErrorObject): Code => (isVersion(error) ? 'version-invalid' : 'value-invalid');

/** A `v` before a version is a habit of git tags. */
function versionHint(error: ErrorObject): string | undefined {
  if (!isVersion(error)) return undefined;
  const text = String(error.data);
  if (/^v\d[\w.+-]{0,60}$/.test(text)) return `Write ${quote(text.slice(1))}: the version, not the git tag.`;
  return `Expected ${partOf(error).patternErrorMessage}; versions are written into local.conf and into paths.`;
}

/** A unit in other letters than the field writes it. */
function unitHint(error: ErrorObject): string | undefined {
  const text = String(error.data);
  const read = isA(error, 'size') ? meantSizes(text) : isA(error, 'duration') ? meantDurations(text) : [];
  // A zero is written as it should be, and is not what the field takes.
  const meant = read.filter((one) => one !== text);
  return meant.length === 0 ? undefined : `Write ${meant.join(' or ')}.`;
}

const isA = (error: ErrorObject, definition: string): boolean => error.schemaPath.startsWith(`#/$defs/${definition}/`);

function wordsOf(types: readonly string[]): string {
  return types.map((one) => TYPE_WORDS[one] ?? one).join(' or ');
}

function typeWord(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `the string ${quote(value)}` : quote(value);
}
