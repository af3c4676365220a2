import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findPlans } from '../../src/plan/find.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('plan: find');

const dir = scratch('find-plans');
const files: Record<string, string> = {
  'plan.yml': '',
  'a/release-plan.yaml': '',
  'a/gateway.yml': '# a plan by its content\nproduct: gateway\n',
  'a/kas/product.yml': 'header: { version: 1 }\n',
  'a/build/plan.yml': '',
  'a/node_modules/x/plan.yml': '',
  'plain.yml': 'product-name: x\n',
  '[odd].yml': '',
};
for (const [name, content] of Object.entries(files)) {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), content);
}

const found = async (...args: string[]): Promise<string[]> =>
  (await findPlans(args, dir)).files.map((file) => file.slice(dir.length + 1));

test('a folder means the plans in it', async () => {
  assert.equal(await found('.'), ['a/gateway.yml', 'a/release-plan.yaml', 'plan.yml']);
});

test('a glob means what it matches', async () => {
  assert.equal(await found('a/*.yml', '**/kas/*.yml'), ['a/gateway.yml', 'a/kas/product.yml']);
});

test('a file means itself, once, whatever its name', async () => {
  assert.equal(await found('plan.yml', './plan.yml', '[odd].yml', 'plain.yml'), ['plan.yml', '[odd].yml', 'plain.yml']);
});

test('what means nothing is told', async () => {
  const { files, diagnostics } = await findPlans(['*.json', 'a/kas'], dir);
  assert.equal(files, []);
  assert.equal(
    diagnostics.map((one) => one.code),
    ['plan-not-found', 'plan-not-found'],
  );
});

test.run();
