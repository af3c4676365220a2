import * as assert from 'uvu/assert';
import type { Code } from '../../src/core/codes/index.ts';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { failureOf } from '../support/failure.ts';

/** Holds that something fails with a code, and returns the error for a closer look. */
export async function failsWith(code: Code, body: () => unknown): Promise<ReleasePlanError> {
  const error = await failureOf(async () => body());
  assert.is(error.code, code, error.message);
  return error;
}
