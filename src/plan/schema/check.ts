import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

/** Written by scripts/build-validator.js, in dist/ alone: loading ajv and compiling takes as long as all the rest of `validate`. */
const PREBUILT = new URL('./validator.cjs', import.meta.url);

let known: ValidateFunction | undefined;

/**
 * Checks a value against the plan's schema.
 *
 * @returns every error, with the schema part that it breaks
 */
export async function checkSchema(value: unknown): Promise<ErrorObject[]> {
  known ??= existsSync(PREBUILT)
    ? (createRequire(import.meta.url)(fileURLToPath(PREBUILT)) as ValidateFunction)
    : (await import('./compile.ts')).compileSchema().validate;
  return known(value) ? [] : (known.errors ?? []);
}
