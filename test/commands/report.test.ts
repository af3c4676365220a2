import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerReport } from '../../src/commands/report.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { ConsistencyReport } from '../../src/core/report.ts';
import { handMade } from '../support/archive.ts';
import { runCommand } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: report');

test('an unknown format is told with the one that was meant', async () => {
  const { failure } = await runCommand(registerReport, ['report', 'plan.yml', '--format', 'htm'], { cwd: '/' });
  assert.instance(failure, ReleasePlanError);
  const { code, message, hint } = failure as ReleasePlanError;
  assert.equal([code, message, hint], ['usage', 'unknown report format "htm"', 'Did you mean "html"?']);
});

const here = handMade(scratch('report'));

test('--output writes a page whose links are relative to it; on stdout it has none', async () => {
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) here.archive(version);
  here.archiveUpdate('0.1.0', '0.3.0');
  here.archiveUpdate('0.2.0', '0.3.0');
  mkdirSync(join(here.dir, 'public'));
  const args = ['report', 'plan.yml', '--format', 'html'];
  const shown = await runCommand(registerReport, args, { cwd: here.dir });
  assert.not.match(shown.stdout, 'delta-info.json');
  const written = await runCommand(registerReport, [...args, '--output', 'public/r.html'], { cwd: here.dir });
  assert.equal([written.stdout, written.exitCode], ['', shown.exitCode]);
  const page = readFileSync(join(here.dir, 'public/r.html'), 'utf8');
  assert.match(page, 'href="../artifacts/board/image/0.3.0/updates/from_0.1.0/delta-info.json"');
});

test('--json is --format json, and holds sizes by partition', async () => {
  const { stdout } = await runCommand(registerReport, ['report', 'plan.yml', '--json'], { cwd: here.dir });
  const { sizes } = JSON.parse(stdout) as ConsistencyReport;
  assert.equal(
    sizes[0]?.partitions?.map(({ name, travels }) => [name, travels]),
    [['rootfs', 'delta']],
  );
  const { failure } = await runCommand(registerReport, ['report', 'plan.yml', '--json', '--format', 'html'], {
    cwd: here.dir,
  });
  assert.is((failure as ReleasePlanError).code, 'usage');
});

test('--index takes the reports that runs wrote: a plan without one is no GO, and exits 4', async () => {
  copyFileSync(join(here.dir, 'plan.yml'), join(here.dir, 'other.yml'));
  const report = await runCommand(registerReport, ['report', 'plan.yml', '--json'], { cwd: here.dir });
  const reports = join(here.dir, 'artifacts/board/image/reports');
  mkdirSync(reports);
  const good = { ...(JSON.parse(report.stdout) as ConsistencyReport), consistent: true };
  writeFileSync(join(reports, 'demo-plan.json'), JSON.stringify(good));
  writeFileSync(join(reports, 'demo-plan.html'), '');
  const args = ['report', '--index', 'plan.yml', 'other.yml', '--output', 'public/index.html'];
  assert.is((await runCommand(registerReport, args, { cwd: here.dir })).exitCode, 4);
  const page = readFileSync(join(here.dir, 'public/index.html'), 'utf8');
  assert.match(page, 'href="../artifacts/board/image/reports/demo-plan.html"');
  assert.match(page, '<title>Releases: 1 of 2 GO</title>');
  const one = await runCommand(registerReport, ['report', '--index', 'plan.yml', '--json'], { cwd: here.dir });
  assert.is(one.exitCode, 0);
  assert.is((JSON.parse(one.stdout) as { plans: Array<{ verdict: string }> }).plans[0]?.verdict, 'go');
});

test('several plans without --index, and an index in Markdown, are refused with the cure', async () => {
  const two = await runCommand(registerReport, ['report', 'plan.yml', 'other.yml'], { cwd: here.dir });
  assert.match((two.failure as ReleasePlanError).hint ?? '', '--index');
  const markdown = await runCommand(registerReport, ['report', '--index', 'plan.yml', '--format', 'markdown'], {
    cwd: here.dir,
  });
  assert.is((markdown.failure as ReleasePlanError).message, '--index has no form in Markdown');
});

test.run();
