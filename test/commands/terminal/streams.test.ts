/** Standard output and standard error that cannot be written. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgram } from '../../../src/commands/program.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('streams');

const BIN = fileURLToPath(new URL('../../../src/bin.js', import.meta.url));
const MAIN = new URL('../../../dist/cli.js', import.meta.url).href;

/** Every command and group of commands, as it is called. */
function pathsOf(command: Command, above: readonly string[] = []): string[][] {
  return command.commands
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => [[...above, one.name()], ...pathsOf(one, [...above, one.name()])]);
}

function withStreams(args: readonly string[], to: { stdout?: string; stderr?: string }) {
  const open = (path: string | undefined): number | 'pipe' => (path === undefined ? 'pipe' : openSync(path, 'w'));
  const [stdout, stderr] = [open(to.stdout), open(to.stderr)];
  const run = spawnSync(process.execPath, [BIN, ...args], { stdio: ['ignore', stdout, stderr], encoding: 'utf8' });
  for (const one of [stdout, stderr]) if (one !== 'pipe') closeSync(one);
  return run;
}

test('results that go to a full disk: exit 5 with the reason', () => {
  const run = withStreams(['explain'], { stdout: '/dev/full' });
  assert.is(run.status, 5);
  assert.match(run.stderr, /^error\[output-failed\]: standard output: ENOSPC: no space left on device, write\n/);
  assert.match(run.stderr, 'its results are incomplete');
});

test('the help of every command, and what needs no plan, as well', () => {
  const commands = [
    ...[[], ...pathsOf(createProgram(async () => undefined))].map((path) => [...path, '--help']),
    ['--version'],
    ['help', 'apply'],
    ['explain', 'bug'],
    ['explain', '--json'],
    ['completion', 'bash'],
    ['completion', 'zsh'],
    ['completion', 'fish'],
    ['doctor', '--json'],
  ];
  // One process for all: starting one for each would take most of the time.
  const source = `import { main } from ${JSON.stringify(MAIN)};
    const codes = [];
    for (const argv of ${JSON.stringify(commands)}) codes.push(await main(argv));
    process.stderr.write('CODES ' + JSON.stringify(codes));`;
  const stdout = openSync('/dev/full', 'w');
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(stdout);
  const codes = JSON.parse(run.stderr.split('CODES ').at(-1) ?? '[]') as number[];
  assert.ok(commands.length > 30);
  assert.equal(
    commands.filter((_, index) => codes[index] !== 5).map((one) => one.join(' ')),
    [],
  );
});

test('messages that cannot be written keep nobody from the work, and the exit code tells', () => {
  assert.is(withStreams(['explain', 'bug'], { stderr: '/dev/full' }).status, 0);
  assert.is(withStreams(['explain', 'not-a-code'], { stderr: '/dev/full' }).status, 2);
  assert.is(withStreams(['no-such-command'], { stderr: '/dev/full' }).status, 2);
  assert.is(withStreams(['explain', 'bug'], { stdout: '/dev/full', stderr: '/dev/full' }).status, 5);
});

test('a disk that takes a part: the results are not taken for whole', () => {
  const folder = join(scratch('streams'), 'small');
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    process.stdout.write(` (not done: ${mounted.stderr.trim()}) `);
    return;
  }
  try {
    const file = join(folder, 'codes.json');
    const run = withStreams(['explain', '--json'], { stdout: file });
    assert.is(run.status, 5, run.stderr);
    assert.match(run.stderr, 'output-failed');
    const whole = withStreams(['explain', '--json'], {}).stdout;
    const sizeBytes = statSync(file).size;
    assert.ok(sizeBytes > 0 && sizeBytes < whole.length);
    assert.is(readFileSync(file, 'utf8'), whole.slice(0, sizeBytes));
    // There is room again.
    writeFileSync(file, '');
    assert.is(withStreams(['explain', 'bug'], { stdout: file }).status, 0);
  } finally {
    spawnSync('umount', [folder]);
  }
});

test.run();
