/** Manual pages say what `--help` says, and are clean to groff. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeChoices } from '../../src/commands/choices.ts';
import { manPages } from '../../src/commands/man-page.ts';
import { createProgram } from '../../src/commands/program.ts';
import { packageVersion } from '../../src/io/package.ts';

const test = suite('commands: manual pages');
const program = createProgram(async () => undefined);
await describeChoices(program);
const pages = manPages(program, packageVersion());

function commandsBelow(command: Command, path: string[] = [command.name()]): Array<[string[], Command]> {
  return [[path, command], ...command.commands.flatMap((one) => commandsBelow(one, [...path, one.name()]))];
}

/** What a page reads like without its requests. */
const textOf = (page: string): string =>
  page
    .replace(/\\f[BR]/g, '')
    .replace(/\\&/g, '')
    .replace(/\\-/g, '-')
    .replace(/\\e/g, '\\');

test('every command has a page, with its options, arguments and examples', () => {
  const all = commandsBelow(program);
  assert.equal(
    pages.map(({ file }) => file),
    all.map(([path]) => `${path.join('-')}.1`),
  );
  assert.ok(all.length > 25);
  for (const [at, [path, command]] of all.entries()) {
    const text = textOf(pages[at]?.text ?? '');
    const help = command.createHelp();
    for (const option of help.visibleOptions(command)) {
      const [term, about] = [help.optionTerm(option), help.optionDescription(option)];
      assert.ok(text.includes(`.TP\n${term}\n${about}\n`), `${path.join(' ')} ${term}`);
    }
    for (const one of help.visibleArguments(command)) assert.ok(text.includes(`\n${help.argumentTerm(one)}\n`));
    assert.ok((text.match(/\.nf\n.*release-plan .*\n\.fi/g) ?? []).length >= 2, `examples of ${path.join(' ')}`);
  }
});

test('the page of the program has the exit codes, those of commands lead to it', () => {
  assert.match(textOf(pages[0]?.text ?? ''), '.TP\n130\ninterrupted\n');
  assert.match(textOf(pages[1]?.text ?? ''), '.SH EXIT STATUS\nSee release-plan(1).\n');
});

test('groff finds nothing to warn of', () => {
  // Without bold and underlining, which would be control characters.
  const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-Kutf8', '-P-cbou'], {
    input: pages.map(({ text }) => text).join('\n'),
    encoding: 'utf8',
    timeout: 60_000,
  });
  // Debian 12 has it in groff-base, which a minimal system lacks.
  if (groff.error !== undefined) return void process.stderr.write('groff is not installed: pages were not rendered\n');
  assert.equal([groff.status, groff.stderr], [0, '']);
  // A minus sign is that of mathematics, and lines are justified.
  const shown = groff.stdout.replaceAll('\u2212', '-').replace(/\s+/g, ' ');
  assert.match(shown, 'release-plan delta blame [options] <base> <target> [delta]');
});

test('the build writes them, and the package declares them', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const declared = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { man: string[] };
  // npm links what stands in this list, and makes none out of a folder.
  assert.equal(declared.man, pages.map(({ file }) => `./dist/man/${file}`).sort());
  for (const { file, text } of pages) assert.is(readFileSync(`${root}/dist/man/${file}`, 'utf8'), text, file);
});

test.run();
