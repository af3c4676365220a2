import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { registerRender } from '../../src/commands/render.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { run } from '../../src/io/process.ts';
import { runCommand } from '../support/command.ts';
import { product } from '../support/product.ts';

const test = suite('commands: render');

test('the overrides are written, and the printed chains are what kas takes', async () => {
  const { dir } = product('render');
  const { exitCode, stdout } = await runCommand(registerRender, ['render', 'plan.yml'], { cwd: dir });
  assert.is(exitCode, 0);
  const [place, first, ...others] = stdout.trim().split('\n');
  assert.is(place, `# run in ${dir}`);
  assert.ok(others.length > 0);
  const [command = '', verb, chain = ''] = (first ?? '').split(' ');
  assert.is(verb, 'build');
  await run(command, ['checkout', chain], { cwd: dir });
  assert.match(readFileSync(join(dir, 'build/conf/local.conf'), 'utf8'), 'BUILD_VERSION = "0.1.0"');
});

test('--stdout prints the overrides of the named versions and writes nothing', async () => {
  const { dir } = product('render-stdout');
  const { stdout } = await runCommand(registerRender, ['render', 'plan.yml', '0.2.0', '0.1.0', '--stdout'], {
    cwd: dir,
  });
  const versions = parseAllDocuments(stdout).map(
    (one) => (one.toJS() as { local_conf_header: Record<string, string> }).local_conf_header['zz-release-plan'],
  );
  const lines = (version: string): string => `BUILD_VERSION = "${version}"\nBB_SERVER_TIMEOUT = "0"\n`;
  assert.equal(versions, [lines('0.2.0'), lines('0.1.0')]);
  assert.not(existsSync(join(dir, '.release-plan')));
});

test('a version that the plan has not is an error with a suggestion', async () => {
  const { dir } = product('render-unknown');
  const { failure } = await runCommand(registerRender, ['render', 'plan.yml', '0.1.00'], { cwd: dir });
  assert.ok(failure instanceof ReleasePlanError);
  assert.is((failure as ReleasePlanError).code, 'usage');
  assert.is((failure as ReleasePlanError).hint, 'Did you mean "0.1.0"?');
});

test.run();
