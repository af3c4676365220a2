/** The help of every command: its examples are command lines that the program takes, its values those of the registries. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Command } from 'commander';
import { describeChoices } from '../../src/commands/choices.ts';
import { createProgram } from '../../src/commands/program.ts';
import { withExplicitWait } from '../../src/commands/wait.ts';
import { PHASES } from '../../src/core/step.ts';
import { diagnosticFormats } from '../../src/report/diagnostics/registry.ts';
import { reportFormats } from '../../src/report/registry.ts';
import { schedulers } from '../../src/schedule/registry.ts';
import { main } from '../../src/cli.ts';

const test = suite('commands: help');

/** What `--help` prints for a command. */
async function helpOf(path: readonly string[]): Promise<string> {
  let said = '';
  const program = createProgram(async () => undefined, { writeOut: (text) => void (said += text) });
  await describeChoices(program);
  await program.parseAsync([...path, '--help'], { from: 'user' }).catch(() => undefined);
  return said;
}

/** The way to each command and to each group of them. */
function pathsOf(command: Command, path: string[] = []): string[][] {
  return [path, ...command.commands.flatMap((one) => pathsOf(one, [...path, one.name()]))];
}

const paths = pathsOf(createProgram(async () => undefined));

/** The command lines of a help's examples, without what the shell makes of them. */
const linesOf = (help: string): string[] =>
  (help.split('\nExamples:\n')[1] ?? '')
    .split('\nExit codes:', 1)
    .join('')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => [...line.matchAll(/release-plan ([^&|<>)\n]+)/g)].map((match) => (match[1] ?? '').trim()));

const isTaken = async (line: string): Promise<boolean> => {
  let ran = false;
  const program = createProgram(async () => void (ran = true), { writeErr: () => undefined });
  await program.parseAsync(withExplicitWait(line.split(' ')), { from: 'user' }).catch(() => undefined);
  return ran;
};

for (const path of paths) {
  test(`${path.join(' ')} --help has examples that work`, async () => {
    const lines = linesOf(await helpOf(path));
    assert.ok(lines.length >= 2, `${lines.length} examples`);
    for (const line of lines) {
      assert.ok(line.startsWith(path.join(' ')) || path.length === 0 || path[0] === 'doctor', line);
      assert.ok(await isTaken(line), line);
    }
  });
}

test('an example that does not work would be found', async () => {
  assert.not(await isTaken('apply --no-such-flag plan.yml'));
  assert.not(await isTaken('report'));
});

test('--wait takes the same in every command that has it', async () => {
  const optionsOf = (command: Command): string[] =>
    command.options.filter(({ long }) => long === '--wait').map(({ flags }) => `${command.name()} ${flags}`);
  const program = createProgram(async () => undefined);
  assert.equal(
    [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)].flatMap(optionsOf),
    ['apply', 'verify', 'gc', 'publish', 'push', 'pull', 'restore', 'static-deltas'].map(
      (name) => `${name} --wait [minutes]`,
    ),
  );
  assert.ok(await isTaken('targets static-deltas 9 --wait --by-tag promoted'));
});

test('help names the values that the registries know', async () => {
  const choices = (names: readonly string[]): string => `(choices: ${names.map((name) => `"${name}"`).join(', ')}`;
  const flat = async (...path: string[]): Promise<string> => (await helpOf(path)).replace(/\n {2,}/g, ' ');
  assert.match(await flat('validate'), choices(['pretty', ...diagnosticFormats.map(({ name }) => name)]));
  assert.match(await flat('report'), choices(reportFormats.map(({ name }) => name)));
  assert.match(await flat('apply'), choices(PHASES));
  const schedule = await flat('schedule');
  for (const { name } of schedulers) assert.match(schedule, ` --${name} `);
});

test('the program itself names them too, and only then', async () => {
  const written: string[] = [];
  const real = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  try {
    assert.is(await main(['report', '--help']), 0);
    assert.is(await main(['help', 'report']), 0);
  } finally {
    process.stdout.write = real;
  }
  assert.is(written.join('').split('"markdown", "html"').length, 3);
});

test.run();
