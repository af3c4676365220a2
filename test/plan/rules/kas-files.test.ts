import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../../src/plan/load.ts';
import { scratch } from '../../support/scratch.ts';

const minimal = readFileSync(new URL('../good/minimal.yml', import.meta.url), 'utf8')
  .replace('kas/pins/0.2.0.yml', 'kas/product.yml')
  .replace('  - version: "1"\n', '  - version: "1"\n  - version: "2"\n');
const test = suite('plan/rules: kas files');

/** What is found of a plan whose kas files these are; the plan is for demo-board, demo and demo-image. */
async function found(
  files: Record<string, string>,
  change: (plan: string) => string = (plan) => plan,
): Promise<string[]> {
  const dir = scratch('kas-files');
  execFileSync('git', ['init', '-q', dir]);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  writeFileSync(join(dir, 'plan.yml'), change(minimal));
  const { diagnostics } = await loadPlan('plan.yml', { cwd: dir });
  return diagnostics
    .filter(({ code }) => code === 'kas-differs')
    .map(({ severity, message, where }) => `${severity} ${where?.line}: ${message}`);
}

const kas = (...lines: string[]): string => `header:\n  version: 1\n${lines.map((line) => `${line}\n`).join('')}`;
const including = (include: string, ...lines: string[]): string =>
  `header:\n  version: 1\n  includes:\n    - ${include}\n${lines.map((line) => `${line}\n`).join('')}`;

test('kas files that say the same, or nothing, are no problem', async () => {
  assert.equal(
    await found({ 'kas/product.yml': kas('machine: demo-board', 'distro: demo', 'target: demo-image') }),
    [],
  );
  assert.equal(await found({ 'kas/product.yml': kas() }), []);
  assert.equal(await found({ 'kas/product.yml': kas('target: [other, "mc:board:demo-image"]') }), []);
});

test('each difference is one diagnostic at its line in the plan, and names the file', async () => {
  const differing = await found({ 'kas/product.yml': kas('machine: other', 'distro: other', 'target: other-image') });
  assert.equal(differing, [
    'error 3: machine is "demo-board" here and "other" in kas/product.yml',
    'error 4: distro is "demo" here and "other" in kas/product.yml',
    'warning 5: image is "demo-image", and kas/product.yml builds "other-image"',
  ]);
});

test('a file comes after those that it includes, and later files of the chain win', async () => {
  const base = kas('machine: other', 'distro: demo');
  assert.equal(
    await found({ 'kas/product.yml': including('kas/base.yml', 'machine: demo-board'), 'kas/base.yml': base }),
    [],
  );
  const said = await found({ 'kas/product.yml': including('kas/base.yml'), 'kas/base.yml': base });
  assert.equal(said, ['error 3: machine is "demo-board" here and "other" in kas/base.yml']);
  const chained = (plan: string): string => plan.replace('kas/product.yml', '[kas/product.yml, kas/last.yml]');
  assert.equal(await found({ 'kas/product.yml': base, 'kas/last.yml': kas('machine: demo-board') }, chained), []);
});

test('what cannot be read decides nothing: other repositories, files that are not there, circles, no YAML', async () => {
  const other = '{ repo: meta-vendor, file: kas/board.yml }';
  assert.equal(await found({ 'kas/product.yml': including(other, 'distro: demo') }), []);
  assert.equal(await found({ 'kas/product.yml': including('kas/gone.yml') }), []);
  assert.equal(await found({ 'kas/product.yml': including('kas/product.yml', 'machine: demo-board') }), []);
  assert.equal(await found({ 'kas/product.yml': 'machine: [' }), []);
  // What stands after it still counts.
  assert.equal(await found({ 'kas/product.yml': including(other, 'machine: other') }), [
    'error 3: machine is "demo-board" here and "other" in kas/product.yml',
  ]);
});

test('a version is judged with its own files', async () => {
  const files = { 'kas/product.yml': kas('machine: other'), 'kas/own.yml': kas('machine: demo-board') };
  const allOwn = (plan: string): string => plan.replaceAll(/(  - version: "[^"]+"\n)/g, '$1    kas: [kas/own.yml]\n');
  assert.equal(await found(files, allOwn), []);
  const oneOwn = (plan: string): string => plan.replace(/(  - version: "[^"]+"\n)/, '$1    kas: [kas/own.yml]\n');
  assert.equal((await found(files, oneOwn)).length, 1);
});

test.run();
