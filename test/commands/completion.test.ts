/** The completion scripts, run by the shells themselves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command } from 'commander';
import { CODES } from '../../src/core/codes/index.ts';
import { commands } from '../../src/commands/index.ts';
import type { CommandContext } from '../../src/commands/host.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: completion');

const dir = scratch('completion');
writeFileSync(join(dir, 'plan.yml'), '');
const scripts = { bash: join(dir, 'bash.sh'), zsh: join(dir, 'zsh.sh'), fish: join(dir, 'fish.sh') };

/** Runs the whole program, as completion reads all of it. */
async function complete(shell: string): Promise<string> {
  let said = '';
  const program = new Command('release-plan').exitOverride().configureOutput({ writeErr: () => undefined });
  for (const register of commands) {
    register(
      program,
      async (action) => void (await action({ document: (text: string) => void (said += text) } as CommandContext)),
    );
  }
  await program.parseAsync(['completion', shell], { from: 'user' });
  return said;
}

test.before(async () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) writeFileSync(scripts[shell], await complete(shell));
});

/** What bash offers for the last of the words; bash itself splits at the equals sign. */
function bash(...words: string[]): string[] {
  const script =
    'source "$1"; shift; COMP_WORDS=(release-plan "$@"); COMP_CWORD=$#; _release_plan; printf "%s\\n" ' +
    '"${COMPREPLY[@]}"';
  return execFileSync('bash', ['-c', script, 'bash', scripts.bash, ...words], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

/** What fish offers at the end of a line. */
function fish(line: string): string[] {
  return execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', scripts.fish, line], {
    encoding: 'utf8',
    cwd: dir,
    env: { ...process.env, HOME: dir },
  })
    .split('\n')
    .map((one) => one.split('\t', 1)[0] ?? '')
    .filter((one) => one !== '');
}

/** Types a line with a tab into an interactive shell on a terminal; what release-plan was then started with. */
function typed(shell: string, setUp: string, line: string): string {
  const input = `${setUp}; release-plan() { printf 'RAN<%s>\\n' "$*"; }\n${line}\nexit\n`;
  const { stdout } = spawnSync('script', ['-qec', shell, '/dev/null'], {
    input,
    encoding: 'utf8',
    cwd: dir,
    env: { ...process.env, HOME: dir, TERM: 'dumb', PS1: '$ ' },
    timeout: 30_000,
  });
  return /RAN<([^%>][^>]*)>/.exec(stdout)?.[1]?.trim() ?? stdout;
}

test('bash: commands, subcommands, flags, values, codes', () => {
  assert.equal(bash('val'), ['validate']);
  assert.equal(bash('delta', 'cr'), ['create']);
  assert.equal(bash('plan', '--ag'), ['--against']);
  assert.equal(bash('plan', 'plan.yml', '--against', 'main', '--js'), ['--json']);
  assert.equal(bash('validate', '--format', 'g'), ['github', 'gitlab']);
  assert.equal(bash('validate', '--format', '=', 'sa'), ['sarif']);
  assert.equal(bash('validate', '--format', '=').slice(0, 2), ['pretty', 'json']);
  assert.equal(bash('completion', ''), ['bash', 'zsh', 'fish']);
  assert.equal(
    bash('explain', 'schedule-'),
    Object.keys(CODES).filter((code) => code.startsWith('schedule-')),
  );
});

test('bash: files where files belong', () => {
  assert.equal(bash('apply', ''), []);
  assert.equal(bash('plan', '--against', ''), []);
  assert.match(readScript('bash'), 'complete -o default -F _release_plan release-plan');
});

test('bash: a tab on a terminal completes', () => {
  const setUp = `source ${scripts.bash}`;
  assert.is(typed('bash --norc --noprofile -i', setUp, 'release-plan vali\tpla\t'), 'validate plan.yml');
  assert.is(
    typed('bash --norc --noprofile -i', setUp, 'release-plan validate --format=sar\t'),
    'validate --format=sarif',
  );
});

test('zsh: a tab on a terminal completes', () => {
  const setUp = `autoload -Uz compinit && compinit -u -D; source ${scripts.zsh}`;
  for (const [line, ran] of [
    ['release-plan vali\tpla\t', 'validate plan.yml'],
    ['release-plan validate --format sar\t', 'validate --format sarif'],
    ['release-plan delta insp\t', 'delta inspect'],
    ['release-plan plan --agai\tHEAD', 'plan --against HEAD'],
  ] as const) {
    assert.is(typed('zsh -f -i', setUp, line), ran);
  }
});

test('fish: commands, subcommands, flags, values, files', () => {
  assert.equal(fish('release-plan vali'), ['validate']);
  assert.equal(fish('release-plan delta insp'), ['inspect']);
  assert.equal(fish('release-plan plan --ag'), ['--against']);
  assert.equal(fish('release-plan validate --format sa'), ['sarif']);
  assert.equal(fish('release-plan apply pla'), ['plan.yml']);
  assert.equal(fish('release-plan completion '), ['bash', 'fish', 'zsh']);
});

test('the shells take the scripts without a word', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const { status, stderr } = spawnSync(shell, ['-n', scripts[shell]], { encoding: 'utf8' });
    assert.equal([shell, status, stderr], [shell, 0, '']);
  }
});

test('every command and every flag of the program is offered', () => {
  const script = readScript('bash');
  const missing: string[] = [];
  const program = new Command('release-plan');
  for (const register of commands) register(program, async () => undefined);
  const visit = (command: Command): void => {
    for (const one of command.commands) {
      for (const word of [one.name(), ...one.options.map((option) => option.long ?? '')])
        if (!script.includes(word)) missing.push(word);
      visit(one);
    }
  };
  visit(program);
  assert.equal(missing, []);
  assert.ok(program.commands.length > 10);
});

const readScript = (shell: keyof typeof scripts): string => execFileSync('cat', [scripts[shell]], { encoding: 'utf8' });

test.run();
