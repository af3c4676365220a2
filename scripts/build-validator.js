/**
 * Writes the compiled schema of plans into dist/, so that no run has to load
 * ajv and compile it. Runs after tsc.
 *
 * CommonJS, since ajv's standalone code requires its own runtime parts.
 */
import { writeFileSync } from 'node:fs';
import standalone from 'ajv/dist/standalone/index.js';
import { compileSchema } from '../dist/plan/schema/compile.js';

const { ajv, validate } = compileSchema(true);
writeFileSync(new URL('../dist/plan/schema/validator.cjs', import.meta.url), standalone.default(ajv, validate));
