import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { abilitiesOf } from '../../src/commands/doctor-facts.ts';
import { registerDoctor } from '../../src/commands/doctor.ts';
import { toolVersion } from '../../src/io/process.ts';
import { TOOLS } from '../../src/io/tools.ts';
import { runCommand } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: doctor');

test('each program has a line with its version; ostree, too, which begins with a heading', async () => {
  const { exitCode, stdout } = await runCommand(registerDoctor, ['doctor'], { cwd: '/' });
  assert.is(exitCode, 0, stdout);
  const rows = new Map(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => [line.split(' ', 1)[0], line.replace(/^\S+\s+/, '')]),
  );
  assert.equal([...rows.keys()], ['node', ...Object.keys(TOOLS)]);
  // Debian's swupdate prints `SWUpdate v` and no number.
  for (const [name, said] of rows) if (name !== 'swupdate') assert.match(said, /\d+\.\d+/, name);
  assert.match(rows.get('ostree') ?? '', /^Version: '\d/);
});

test('what a version makes possible, and what it lacks', () => {
  const debian = 'kas 3.1 (configuration format version 12, earliest compatible version 1)';
  assert.equal(abilitiesOf('kas', debian), {
    can: ['header versions up to 12'],
    lacks: [
      'lock files of its own (from 3.3 on)',
      'commit, branch and tag of a repository (from 4.0 on)',
      'kas.provenance (from 4.8 on)',
    ],
  });
  const latest = 'kas 5.5 (configuration format version 23, earliest compatible version 1)';
  assert.equal(abilitiesOf('kas', latest).lacks, []);
  assert.equal(abilitiesOf('kas', latest).can[0], 'header versions up to 23');
  assert.equal(abilitiesOf('swupdate', 'SWUpdate v'), { can: [], lacks: [] });
});

test('--json says the same to a script', async () => {
  const { exitCode, stdout } = await runCommand(registerDoctor, ['doctor', '--json'], { cwd: '/' });
  assert.is(exitCode, 0, stdout);
  const { schema, programs } = JSON.parse(stdout) as {
    schema: number;
    programs: Array<{ name: string; version: string; purpose: string; debianPackage: string }>;
  };
  assert.is(schema, 1);
  assert.equal(
    programs.map(({ name }) => name),
    Object.keys(TOOLS),
  );
  for (const one of programs) assert.ok(one.version !== '' && one.purpose !== '' && one.debianPackage !== '', one.name);
});

test('a program that says no number is quoted, one that says nothing is unknown', async () => {
  const dir = scratch('doctor');
  const say = (name: string, line: string): string => {
    writeFileSync(join(dir, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return join(dir, name);
  };
  assert.is(await toolVersion('swupdate', say('wordy', 'echo; echo "SWUpdate v"')), 'SWUpdate v');
  assert.is(await toolVersion('debugfs', say('aside', 'echo "debugfs 1.47.0" >&2')), 'debugfs 1.47.0');
  assert.is(await toolVersion('gzip', say('silent', 'exit 1')), 'unknown');
});

test.run();
