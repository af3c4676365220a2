import type { ErrorObject } from 'ajv/dist/2020.js';

/**
 * Checks a value against the plan's schema.
 *
 * @returns every error, with the schema part that it breaks
 */
export async function checkSchema(value: unknown): Promise<ErrorObject[]> {
  const { validate } = await import('./validator.ts');
  return validate(value) ? [] : (validate.errors ?? []);
}
