import { CODES, EXIT, type Code, type ExitCode } from '../core/codes.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { prettyJson } from '../text/pretty-json.ts';

export const registerExplain: RegisterCommand = (program, run) => {
  program
    .command('explain')
    .description('what a code in a message means, and what to do; without a code, all of them')
    .argument('[code]', 'as in error[CODE]')
    .option('--json', 'one JSON document on stdout')
    .action(async (code: string | undefined, flags: { json?: boolean }) => {
      await run((context) => explain(code, flags.json === true, context));
    });
};

/** Prints exit code, meaning, cure and an example of a code. */
export async function explain(code: string | undefined, json: boolean, context: CommandContext): Promise<ExitCode> {
  const { EXAMPLES } = await import('./explain-examples.ts');
  if (code === undefined) {
    context.out(json ? prettyJson({ schema: 1, codes: CODES }) : list());
    return EXIT.ok;
  }
  const known = await codeNamed(code);
  const { exit, about, cure } = CODES[known];
  const example = EXAMPLES[known];
  if (json) {
    context.out(
      prettyJson({ schema: 1, code: known, exit, about, cure, ...(example === undefined ? {} : { example }) }),
    );
    return EXIT.ok;
  }
  const lines = [known, '', about, '', `What to do: ${cure}`, `Exit code:  ${exit} (${EXIT_WORDS[exit]})`];
  if (example !== undefined) lines.push('', 'Example:', ...example.split('\n').map((line) => `  ${line}`.trimEnd()));
  context.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

const EXIT_WORDS: Readonly<Record<ExitCode, string>> = Object.fromEntries(
  Object.entries(EXIT).map(([name, number]) => [number, name === 'ok' ? 'a warning; it fails nothing' : name]),
) as Record<ExitCode, string>;

function list(): string {
  const names = Object.keys(CODES) as Code[];
  const width = Math.max(...names.map((one) => one.length));
  return names.map((one) => `${one.padEnd(width)}  ${CODES[one].about}\n`).join('');
}

/** `error[path-outside]` is taken too: that is how messages print it. */
async function codeNamed(text: string): Promise<Code> {
  const name = /\[([a-z0-9-]+)\]/.exec(text)?.[1] ?? text;
  if (Object.hasOwn(CODES, name)) return name as Code;
  const { suggestion } = await import('../text/suggest.ts');
  throw new ReleasePlanError('usage', `there is no code ${JSON.stringify(name)}`, {
    hint: suggestion(name, Object.keys(CODES), 'codes'),
  });
}
