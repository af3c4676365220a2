/** Manual pages out of what `--help` prints: one for the program, and one for each command. */
import type { Command } from 'commander';

export interface ManPage {
  /** `release-plan-delta-blame.1` */
  file: string;
  text: string;
}

/**
 * The pages of a program, its own first.
 *
 * @param program with the values of its flags described, see choices.ts
 * @see man-pages(7), groff_man(7)
 */
export function manPages(program: Command, version: string): ManPage[] {
  const pages: ManPage[] = [];
  const visit = (command: Command, path: readonly string[]): void => {
    pages.push({ file: `${path.join('-')}.1`, text: pageOf(command, path, version) });
    for (const one of command.commands) visit(one, [...path, one.name()]);
  };
  visit(program, [program.name()]);
  return pages;
}

function pageOf(command: Command, path: readonly string[], version: string): string {
  const help = command.createHelp();
  const name = path.join('-');
  const { examples, codes } = sectionsOf(command);
  const options = help.visibleOptions(command).map((one): Item => [help.optionTerm(one), help.optionDescription(one)]);
  const places = help
    .visibleArguments(command)
    .map((one): Item => [help.argumentTerm(one), help.argumentDescription(one)]);
  const commands = command.commands.map((one): Item => [`${[...path, one.name()].join('-')}(1)`, one.description()]);
  return [
    `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`release-plan ${version}`)} "release-plan"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(command.description().replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${plain(path.join(' '))}`,
    plain(command.usage()),
    ...section('ARGUMENTS', places.flatMap(item)),
    ...section('OPTIONS', options.flatMap(item)),
    ...section('COMMANDS', commands.flatMap(item)),
    ...section('EXAMPLES', examples.flatMap(example)),
    ...section('EXIT STATUS', codes.length > 0 ? codes.flatMap(item) : exitReference(path)),
    '.SH SEE ALSO',
    seeAlso(path),
    '',
  ].join('\n');
}

type Item = [term: string, about: string];

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`.SH ${title}`, ...lines];

const item = ([term, about]: Item): string[] => ['.TP', `\\fB${plain(term)}\\fR`, plain(about)];

const example = ([about, line]: Item): string[] => [
  '.PP',
  plain(about),
  '.PP',
  '.RS 4',
  '.nf',
  plain(line),
  '.fi',
  '.RE',
];

const exitReference = (path: readonly string[]): string[] => [`See ${plain(path[0] ?? '')}(1).`];

const seeAlso = (path: readonly string[]): string =>
  [...path.keys()]
    .slice(1)
    .map((length) => `.BR ${plain(path.slice(0, length).join('-'))} (1),`)
    .concat(`.BR ${plain(`${path[0]}-explain`)} (1),`, '.BR kas (1)')
    .join('\n');

/** What a command adds to its help: examples under what they do, and exit codes. */
function sectionsOf(command: Command): { examples: Item[]; codes: Item[] } {
  const text = helpOf(command);
  const [, after = ''] = text.split('\nExamples:\n');
  const [examples = '', codes = ''] = after.split('\nExit codes:\n');
  return {
    examples: examples
      .split('\n\n')
      .map((part): Item => {
        const lines = part.split('\n').map((line) => line.trim());
        return [lines.find((line) => line.startsWith('# '))?.slice(2) ?? '', lines.filter(isCommand).join('\n')];
      })
      .filter(([, line]) => line !== ''),
    codes: codes.split('\n').flatMap((line): Item[] => {
      const [, code, about] = /^ {2}(\d+) +(.+)$/.exec(line) ?? [];
      return code === undefined || about === undefined ? [] : [[code, about]];
    }),
  };
}

const isCommand = (line: string): boolean => line !== '' && !line.startsWith('# ');

/** What `--help` prints. */
function helpOf(command: Command): string {
  let said = '';
  const before = command.configureOutput();
  command.configureOutput({ ...before, writeOut: (text) => void (said += text) });
  command.outputHelp();
  command.configureOutput(before);
  return said;
}

/** Text of a page: no character of it is a request or an escape, and minus signs can be copied. */
const plain = (text: string): string =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^(?=[.'])/gm, '\\&');

/** An argument of a request. */
const quoted = (text: string): string => `"${plain(text).replace(/"/g, '\\(dq')}"`;
