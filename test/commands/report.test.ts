import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerReport } from '../../src/commands/report.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { runCommand } from '../support/command.ts';

const test = suite('commands: report');

test('an unknown format is told with the one that was meant', async () => {
  const { failure } = await runCommand(registerReport, ['report', 'plan.yml', '--format', 'htm'], { cwd: '/' });
  assert.instance(failure, ReleasePlanError);
  const { code, message, hint } = failure as ReleasePlanError;
  assert.equal([code, message, hint], ['usage', 'unknown report format "htm"', 'Did you mean "html"?']);
});

test.run();
