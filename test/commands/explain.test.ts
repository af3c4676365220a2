import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES } from '../../src/core/codes/index.ts';
import { registerExplain } from '../../src/commands/explain.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { runCommand } from '../support/command.ts';

const test = suite('commands: explain');
const explain = (...args: string[]) => runCommand(registerExplain, ['explain', ...args], { cwd: '/' });

test('a code has meaning, cure, exit code and an example', async () => {
  const { exitCode, stdout } = await explain('value-unquoted');
  assert.is(exitCode, 0);
  for (const part of [
    'value-unquoted',
    CODES['value-unquoted'].about,
    CODES['value-unquoted'].cure,
    '2 (invalid plan or command line)',
    'version: "1.10"',
  ])
    assert.match(stdout, part);
});

test('every code says what it means, what to do and what raises it', () => {
  for (const [code, { about, cure, example }] of Object.entries(CODES)) {
    assert.match(about, /\.$/, code);
    assert.match(cure, /\.$/, code);
    assert.ok(example.length > 0, code);
  }
});

test('exit code 1 is a bug of release-plan, or an answer of fioctl', async () => {
  assert.match((await explain('bug')).stdout, 'Exit code:  1 (bug in release-plan)\n');
  assert.match((await explain('target-unknown')).stdout, 'Exit code:  1 (nothing found, as in fioctl)\n');
});

test('a warning says that it is one', async () => {
  assert.match((await explain('signing-missing')).stdout, 'Exit code:  0 (warning only)\n');
});

test('a code is taken as messages print it', async () => {
  assert.is((await explain('error[delta-self]:')).stdout, (await explain('delta-self')).stdout);
});

test('without a code all are listed', async () => {
  const { stdout } = await explain();
  assert.equal(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]),
    Object.keys(CODES),
  );
});

test('--json gives one document', async () => {
  assert.is((JSON.parse((await explain('tool-missing', '--json')).stdout) as { exit: number }).exit, 5);
  assert.ok(JSON.parse((await explain('--json')).stdout));
});

test('an unknown code is told with the one that was meant', async () => {
  const { failure } = await explain('path-outsde');
  assert.instance(failure, ReleasePlanError);
  assert.is((failure as ReleasePlanError).hint, 'Did you mean "path-outside"?');
});

test.run();
