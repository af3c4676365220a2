import { readFileSync } from 'node:fs';
import { Ajv2020, type CodeOptions, type ValidateFunction } from 'ajv/dist/2020.js';
import { schemaUrl } from './schema-file.ts';

/**
 * Makes the function that checks plans.
 *
 * @param code how it is written, for the build, which puts it into a file
 */
export function compileSchema(code: CodeOptions = {}): { ajv: Ajv2020; validate: ValidateFunction } {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    validateSchema: false,
    addUsedSchema: false,
    code,
  });
  // What editors show for a failed pattern, and our messages too.
  ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' });
  // For editors. Here rules/duplicates.ts says it with a position; ajv's comparison can be made to throw by a key
  // `valueOf`.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', schemaType: 'boolean' });
  return { ajv, validate: ajv.compile(JSON.parse(readFileSync(schemaUrl, 'utf8')) as object) };
}
