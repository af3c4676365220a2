import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { againstText } from '../../src/commands/against-text.ts';
import { registerPlan } from '../../src/commands/plan.ts';
import { InvalidPlanError } from '../../src/core/errors.ts';
import type { PlanComparison } from '../../src/plan/compare.ts';
import { handMade } from '../support/archive.ts';
import { runCommand } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: plan');

const NOTHING: PlanComparison = {
  builds: [],
  adopted: [],
  deltas: [],
  remade: [],
  dropped: [],
  removed: [],
  retagged: [],
  settings: [],
  pending: 0,
};

test('the steps and why, one a line; what the archive holds is no step', async () => {
  const made = handMade(scratch('plan'));
  made.archive('0.1.0');
  const { exitCode, stdout } = await runCommand(registerPlan, ['plan', 'plan.yml'], { cwd: made.dir });
  assert.is(exitCode, 0);
  const [head, ...lines] = stdout.trimEnd().split('\n');
  assert.is(head, 'plan.yml: 8 steps');
  assert.equal(
    lines.map((line) => line.trim().split(/ {2,}/)),
    [
      ['build 0.2.0', 'not in the archive'],
      ['archive 0.2.0', 'the next build would remove its files'],
      ['build 0.3.0', 'not in the archive'],
      ['archive 0.3.0', 'the next build would remove its files'],
      ['full package 0.3.0', 'devices without a delta take it; not in the archive'],
      ['delta 0.1.0 -> 0.3.0 (rdiff)', 'required by tag promoted; not in the archive'],
      ['delta 0.2.0 -> 0.3.0 (rdiff)', 'required by tag promoted; not in the archive'],
      ['report', 'the steps above change it'],
    ],
  );
});

test('a step that damage keeps from being done says so', async () => {
  const made = handMade(scratch('plan-blocked'));
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  const { rmSync } = await import('node:fs');
  rmSync(join(made.version('0.1.0'), 'rootfs.squashfs'));
  const { stdout } = await runCommand(registerPlan, ['plan', 'plan.yml'], { cwd: made.dir });
  assert.match(stdout, /delta 0\.1\.0 -> 0\.3\.0 \(rdiff\) .*BLOCKED: .*rootfs\.squashfs is missing/);
});

test('a step says how many devices require it', async () => {
  const made = handMade(scratch('plan-devices'));
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  made.write({ fleet: 'devices.csv' });
  const rows = ['one,promoted,0.1.0', 'two,promoted,0.2.0', 'three,promoted,0.2.0'];
  writeFileSync(join(made.dir, 'devices.csv'), `name,tag,version\n${rows.join('\n')}\n`);
  const { stdout } = await runCommand(registerPlan, ['plan', 'plan.yml'], { cwd: made.dir });
  assert.match(stdout, /delta 0\.1\.0 -> 0\.3\.0 \(rdiff\) .*required by 1 device on promoted;/);
  assert.match(stdout, /delta 0\.2\.0 -> 0\.3\.0 \(rdiff\) .*required by 2 devices on promoted;/);
});

test('--json is one document over all plans', async () => {
  const made = handMade(scratch('plan-json'));
  copyFileSync(join(made.dir, 'plan.yml'), join(made.dir, 'second.yml'));
  // The first is named twice, and meant once.
  const { stdout } = await runCommand(registerPlan, ['plan', 'plan.yml', 'second.yml', 'plan.yml', '--json'], {
    cwd: made.dir,
  });
  const { schema, plans } = JSON.parse(stdout) as {
    schema: number;
    plans: Array<{ plan: string; steps: Array<{ kind: string }> }>;
  };
  assert.is(schema, 1);
  assert.equal(
    plans.map((one) => [one.plan, one.steps.length]),
    [
      [join(made.dir, 'plan.yml'), 10],
      [join(made.dir, 'second.yml'), 10],
    ],
  );
});

test('a plan with errors is refused, with and without --against', async () => {
  const made = handMade(scratch('plan-errors'));
  made.write({ machine: undefined });
  for (const args of [[], ['--against', 'plan.yml']]) {
    assert.instance(
      (await runCommand(registerPlan, ['plan', 'plan.yml', ...args], { cwd: made.dir })).failure,
      InvalidPlanError,
    );
  }
});

test('a comparison is told section by section, empty ones not at all', () => {
  assert.is(againstText('title', NOTHING, []), 'title\n  nothing changes\n');
  const text = againstText(
    'title',
    {
      ...NOTHING,
      builds: ['0.4.0'],
      removed: [
        { version: '0.1.0', neededBy: [], devices: 0 },
        { version: '0.2.0', neededBy: [] },
        { version: '0.3.0', neededBy: ['1 device runs it (a)'], devices: 1 },
      ],
      retagged: [{ version: '0.4.0', gained: ['beta'], lost: ['promoted'] }],
      settings: [{ key: 'swu.guard', after: '"lua"' }],
      pending: 1,
    },
    ['a note'],
  );
  assert.is(
    text,
    [
      'title',
      '  builds:',
      '    0.4.0',
      '  versions removed:',
      '    0.1.0  not required, and no device runs it',
      '    0.2.0  not required by the plan',
      '    0.3.0  STILL REQUIRED: 1 device runs it (a)',
      '  tags:',
      '    0.4.0: +beta -promoted',
      '  settings:',
      '    swu.guard: (none) -> "lua"',
      '  1 step is due either way: see release-plan plan',
      '  a note',
      '',
    ].join('\n'),
  );
});

test.run();
