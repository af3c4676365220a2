/** The command lines of the documentation are such that the program takes. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgram } from '../src/commands/program.ts';
import { withExplicitWait } from '../src/commands/wait.ts';

const test = suite('handbook');
const root = fileURLToPath(new URL('..', import.meta.url));

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Lines of fenced blocks for a shell that run release-plan, each with its place. */
function linesOf(page: string): Array<[place: string, line: string]> {
  let isShell = false;
  return readFileSync(join(root, page), 'utf8')
    .split('\n')
    .flatMap((line, at): Array<[string, string]> => {
      if (line.trimStart().startsWith('```')) isShell = !isShell && /^\s*```(sh|console|shell)?\s*$/.test(line);
      const [, command] = /^\s*(?:\$ )?release-plan ([^|<>&;]+)/.exec(line) ?? [];
      if (!isShell || command === undefined || /\.\.\.|\[/.test(command)) return [];
      return [[`${page}:${at + 1}`, command.replace(/ #.*$/, '').trim()]];
    });
}

/** Words as a shell splits them, for the quotes that the pages use. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');

async function isTaken(line: string): Promise<boolean> {
  let ran = false;
  const program = createProgram(async () => void (ran = true), {
    writeErr: () => undefined,
    writeOut: () => undefined,
  });
  await program.parseAsync(withExplicitWait(wordsOf(line)), { from: 'user' }).catch(() => undefined);
  return ran;
}

test('every command line is one that the program takes', async () => {
  const lines = pages.flatMap(linesOf);
  assert.ok(lines.length > 35, `${lines.length} lines`);
  const refused: string[] = [];
  for (const [place, line] of lines) if (!(await isTaken(line))) refused.push(`${place}: ${line}`);
  assert.equal(refused, []);
});

test('a line that it does not take would be found', async () => {
  assert.not(await isTaken('targets sugest 9'));
  assert.not(await isTaken('changes plan.yml 1.0.0'));
  assert.ok(await isTaken('changes plan.yml 1.0.0 1.1.0'));
});

test('every page of the handbook is reached from another', () => {
  const all = [...pages, 'CONTRIBUTING.md'].map((page) => [page, readFileSync(join(root, page), 'utf8')] as const);
  const unreached = pages
    .filter((page) => page !== 'README.md')
    .filter((page) => !all.some(([other, text]) => other !== page && text.includes(`${page.replace('docs/', '')}`)));
  assert.equal(unreached, []);
});

test('every picture is shown on a page, says what it shows, and needs nothing from elsewhere', () => {
  const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('');
  const names = readdirSync(join(root, 'docs/images'));
  assert.ok(names.length >= 6);
  for (const name of names) {
    assert.match(text, `images/${name})`);
    const picture = readFileSync(join(root, 'docs/images', name), 'utf8');
    assert.match(picture, /role="img"[^>]*>\s*<title[^>]*>[^<]+<\/title>\s*<desc[^>]*>[^<]{20,}<\/desc>/, name);
    assert.match(picture, 'prefers-color-scheme: dark', name);
    assert.not.match(picture, /<script|href=|url\(/, name);
  }
});

test.run();
