import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../../src/plan/load.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('plan: kas chains');
const minimal = readFileSync(new URL('../good/minimal.yml', import.meta.url), 'utf8');

async function found(config: string, files: readonly string[], repositories: readonly string[]): Promise<string[]> {
  const dir = scratch('kas-chain');
  for (const one of repositories) mkdirSync(join(dir, one, '.git'), { recursive: true });
  for (const one of files) {
    mkdirSync(dirname(join(dir, one)), { recursive: true });
    writeFileSync(join(dir, one), '');
  }
  writeFileSync(join(dir, 'plan.yml'), minimal.replace('kas/pins/0.2.0.yml', config));
  return (await loadPlan('plan.yml', { cwd: dir })).diagnostics.map(
    (one) => `${one.code} ${one.where?.line}:${one.where?.column}`,
  );
}

test('files of one repository are a chain', async () => {
  assert.equal(await found('[kas/a.yml, kas/b.yml]', ['kas/a.yml', 'kas/b.yml'], ['.']), []);
});

test('so are files outside of any', async () => {
  assert.equal(await found('[kas/a.yml, kas/b.yml]', ['kas/a.yml', 'kas/b.yml'], []), []);
});

test('files of two repositories are none', async () => {
  assert.equal(
    await found('[kas/a.yml, layers/vendor/b.yml]', ['kas/a.yml', 'layers/vendor/b.yml'], ['.', 'layers/vendor']),
    ['kas-repository 6:28'],
  );
});

test('nor is one in a repository and one outside', async () => {
  assert.equal(
    await found('[kas/a.yml, layers/vendor/b.yml]', ['kas/a.yml', 'layers/vendor/b.yml'], ['layers/vendor']),
    ['kas-repository 6:28'],
  );
});

test.run();
