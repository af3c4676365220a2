import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
