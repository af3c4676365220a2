import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES } from '../../src/core/codes.ts';
import { EXAMPLES } from '../../src/commands/explain-examples.ts';
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
    '2 (usage)',
    'version: "1.10"',
  ])
    assert.match(stdout, part);
});

test('every code has an example, and no example is of a code that is gone', () => {
  assert.equal(
    Object.keys(CODES).filter((code) => !Object.hasOwn(EXAMPLES, code)),
    [],
  );
  assert.equal(
    Object.keys(EXAMPLES).filter((code) => !Object.hasOwn(CODES, code)),
    [],
  );
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
