/**
 * The function that checks plans. The build puts what ajv writes for it in
 * this file's place (scripts/build-validator.js): loading ajv and compiling
 * takes as long as all the rest of `validate`.
 */
import { compileSchema } from './compile.ts';

export const { validate } = compileSchema();
