/**
 * Writes the compiled schema of plans over dist/plan/schema/validator.js, so
 * that no run has to load ajv and compile it. Runs after tsc.
 */
import { writeFileSync } from 'node:fs';
import standalone from 'ajv/dist/standalone/index.js';
import { compileSchema } from '../dist/plan/schema/compile.js';

const { ajv, validate } = compileSchema({ source: true, esm: true });
// As a module, too, ajv's code requires its own runtime parts.
const code = standalone
  .default(ajv, validate)
  .replaceAll(
    /const (\w+) = require\("([^"]+)"\)\.default;?/g,
    (_all, name, path) => `import ${name}Module from '${path}.js';\nconst ${name} = ${name}Module.default;\n`,
  );
if (/\brequire\(/.test(code)) throw new Error('the compiled schema requires something else than a part of ajv');
writeFileSync(new URL('../dist/plan/schema/validator.js', import.meta.url), code);
