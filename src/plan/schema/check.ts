import { readFileSync } from 'node:fs';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

/** The schema as editors use it; it lies above both src/ and dist/. */
export const schemaUrl = new URL('../../../schemas/release-plan.schema.json', import.meta.url);

let compiled: ValidateFunction | undefined;

/**
 * Checks a value against the plan's schema.
 *
 * ajv is loaded by the first call, since no other command than one that reads
 * a plan should wait for it.
 *
 * @returns every error, with the schema part that it breaks
 */
export async function checkSchema(value: unknown): Promise<ErrorObject[]> {
  compiled ??= await compile();
  return compiled(value) ? [] : (compiled.errors ?? []);
}

async function compile(): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, validateSchema: false, addUsedSchema: false });
  // What editors show for a failed pattern, and our messages too.
  ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' });
  // For editors. Here rules/duplicates.ts says it with a position; ajv's comparison can be made to throw by a key `valueOf`.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', schemaType: 'boolean' });
  return ajv.compile(JSON.parse(readFileSync(schemaUrl, 'utf8')) as object);
}
