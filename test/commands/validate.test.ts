import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerValidate } from '../../src/commands/validate.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { runCommand } from '../support/command.ts';

const test = suite('commands: validate');
const cwd = fileURLToPath(new URL('../plan/', import.meta.url));
const validate = (...args: string[]) => runCommand(registerValidate, ['validate', ...args], { cwd });

test('good plans end with 0 and say so', async () => {
  const { exitCode, stdout, diagnostics } = await validate('good/design.yml', 'good/ostree.yml');
  assert.is(exitCode, 0);
  assert.is(stdout, '2 plans checked: no problems\n');
  assert.equal(diagnostics, []);
});

test('all problems of all files come in one run, and end with 2', async () => {
  const { exitCode, stdout, diagnostics } = await validate(
    'bad/many-at-once.yml',
    'bad/delta-*.yml',
    'bad/nowhere.yml',
    'good/minimal.yml',
  );
  assert.is(exitCode, 2);
  assert.match(stdout, /^\d+ plans checked: \d+ errors, \d+ warnings\n$/);
  const files = new Set(diagnostics.map((one) => one.where?.file));
  assert.ok(files.has('bad/many-at-once.yml') && files.has('bad/delta-self.yml') && !files.has('good/minimal.yml'));
  assert.ok(diagnostics.some((one) => one.code === 'plan-not-found'));
});

test('warnings fail only when asked', async () => {
  assert.is((await validate('bad/delta-range-empty.yml')).exitCode, 0);
  assert.is((await validate('bad/delta-range-empty.yml', '--strict')).exitCode, 2);
});

test('--no-files needs nothing but the plan', async () => {
  assert.is((await validate('bad/path-missing-kas.yml')).exitCode, 2);
  assert.is((await validate('bad/path-missing-kas.yml', '--no-files')).exitCode, 0);
});

test('a machine format is the whole of stdout', async () => {
  const { stdout, diagnostics } = await validate('bad/delta-self.yml', '--format', 'json');
  assert.equal(diagnostics, []);
  assert.equal((JSON.parse(stdout) as { files: string[]; errors: number }).files, ['bad/delta-self.yml']);
  assert.is((await validate('good/minimal.yml', '--format', 'github')).stdout, '');
});

test('an unknown format is told with the one that was meant', async () => {
  const { failure } = await validate('good/minimal.yml', '--format', 'serif');
  assert.instance(failure, ReleasePlanError);
  assert.is((failure as ReleasePlanError).hint, 'Did you mean "sarif"?');
});

test.run();
