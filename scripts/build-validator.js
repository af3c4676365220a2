/**
 * Writes the compiled schemas over the modules of dist/ that would compile
 * them, so that no run has to load ajv. Runs after tsc.
 */
import { writeFileSync } from 'node:fs';
import standalone from 'ajv/dist/standalone/index.js';
import { compileDocuments } from '../dist/io/documents/compile.js';
import { compileSchema } from '../dist/plan/schema/compile.js';

const AS_MODULE = { source: true, esm: true };

const plan = compileSchema(AS_MODULE);
write('plan/schema/validator.js', standalone.default(plan.ajv, plan.validate));
const documents = compileDocuments(AS_MODULE);
write('io/documents/validators.js', standalone.default(documents.ajv, documents.ids));

/** As a module, too, ajv's code requires its own runtime parts. */
function write(path, code) {
  const names = new Set();
  const module = code.replaceAll(/const (\w+) = require\("([^"]+)"\)\.default;?/g, (_all, name, part) => {
    if (names.has(name)) return '';
    names.add(name);
    return `import ${name}Module from '${part}.js';\nconst ${name} = ${name}Module.default;\n`;
  });
  if (/\brequire\(/.test(module)) throw new Error(`${path} requires something else than a part of ajv`);
  writeFileSync(new URL(`../dist/${path}`, import.meta.url), module);
}
