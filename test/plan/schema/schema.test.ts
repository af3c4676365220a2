import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { checkSchema } from '../../../src/plan/schema/check.ts';
import { schemaUrl } from '../../../src/plan/schema/schema-file.ts';

const test = suite('plan: schema');

type Part = Record<string, unknown>;
const schema = JSON.parse(readFileSync(schemaUrl, 'utf8')) as Part & {
  properties: Record<string, Part>;
  $defs: Record<string, Part>;
};

test('it is valid JSON Schema 2020-12', () => {
  const ajv = new Ajv2020({ strict: false });
  assert.is(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.ok(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
});

/** Every part that describes a value, with its way from the top. */
function partsOf(part: Part, way: string): Array<[way: string, part: Part]> {
  const inner: Array<[string, Part]> = [];
  for (const keyword of ['properties', 'patternProperties', '$defs']) {
    for (const [key, one] of Object.entries((part[keyword] ?? {}) as Record<string, Part>))
      inner.push([`${way}/${keyword}/${key}`, one]);
  }
  for (const keyword of ['items', 'additionalProperties']) {
    if (typeof part[keyword] === 'object') inner.push([`${way}/${keyword}`, part[keyword] as Part]);
  }
  return [[way, part], ...inner.flatMap(([way, one]) => partsOf(one, way))];
}

const parts = partsOf(schema, '#');

test('every key is described', () => {
  const bare = parts
    .filter(([way, part]) => !way.endsWith('/items') && typeof part.description !== 'string')
    .map(([way]) => way);
  assert.equal(bare, []);
  assert.ok(parts.length > 70);
});

test('every map is closed', () => {
  const open = parts
    .filter(([, part]) => [part.type].flat().includes('object') && !('additionalProperties' in part))
    .map(([way]) => way);
  assert.equal(open, []);
});

test('every pattern says in words what it takes', () => {
  assert.equal(
    parts.filter(([, part]) => 'pattern' in part && !('patternErrorMessage' in part)).map(([way]) => way),
    [],
  );
});

test('examples and defaults are as the schema wants them', () => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(schema, 'plan');
  for (const [way, part] of parts) {
    if (!('examples' in part) && !('default' in part)) continue;
    const validate = ajv.compile({ $ref: `plan${way}` });
    for (const one of [...((part.examples ?? []) as unknown[]), ...('default' in part ? [part.default] : [])])
      assert.ok(validate(one), `${way}: ${JSON.stringify(one)}`);
  }
});

test('good plans pass it', async () => {
  for (const name of ['design', 'minimal', 'ostree']) {
    const text = readFileSync(fileURLToPath(new URL(`../good/${name}.yml`, import.meta.url)), 'utf8');
    assert.equal(await checkSchema(parse(text)), [], name);
  }
});

test('the validator that the build writes finds what ajv finds', async () => {
  const built = new URL('../../../dist/plan/schema/validator.js', import.meta.url);
  assert.not.match(readFileSync(built, 'utf8'), 'compileSchema', 'the build has not put the compiled schema there');
  const { validate } = (await import(built.href)) as { validate: ValidateFunction };
  const bad = new URL('../bad/', import.meta.url);
  let errors = 0;
  for (const name of readdirSync(bad).filter((one) => one.endsWith('.yml') && !one.startsWith('yaml-'))) {
    const plan: unknown = parse(readFileSync(new URL(name, bad), 'utf8'));
    validate(plan);
    assert.equal(validate.errors ?? [], await checkSchema(plan), name);
    errors += validate.errors?.length ?? 0;
  }
  assert.ok(errors > 50);
});

test('docs/plan.md names every key', () => {
  const docs = readFileSync(new URL('../../../docs/plan.md', import.meta.url), 'utf8');
  const missing = parts
    .map(([way]) => /\/properties\/([^/]+)$/.exec(way)?.[1])
    .filter((key) => key !== undefined && !docs.includes(`\`${key}\``));
  assert.equal(missing, []);
});

test.run();
