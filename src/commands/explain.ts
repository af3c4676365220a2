import { CODES, EXIT, type Code, type CodeEntry, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { prettyJson } from '../text/pretty-json.ts';

export const registerExplain: RegisterCommand = (program, run) => {
  program
    .command('explain')
    .description('explain an error code, or list all of them')
    .argument('[code]', 'a code as in error[CODE]')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Explain a code from an error message': 'release-plan explain archive-damaged',
        'List all codes': 'release-plan explain',
        'The same for programs': 'release-plan explain --json',
      }),
    )
    .action(async (code: string | undefined, flags: { json?: boolean }) => {
      await run((context) => explain(code, flags.json === true, context));
    });
};

/** Prints exit code, meaning, cure and an example of a code. */
export async function explain(code: string | undefined, json: boolean, context: CommandContext): Promise<ExitCode> {
  if (code === undefined) {
    context.out(json ? prettyJson({ schema: 1, codes: CODES }) : list());
    return EXIT.ok;
  }
  const known = await codeNamed(code);
  const entry = CODES[known];
  context.out(json ? prettyJson({ schema: 1, code: known, ...entry }) : inWords(known, entry));
  return EXIT.ok;
}

const inWords = (code: Code, { exit, about, cure, example }: CodeEntry): string =>
  [
    code,
    '',
    about,
    '',
    `What to do: ${cure}`,
    `Exit code:  ${exit} (${exitInWords(code, exit)})`,
    '',
    'Example:',
    ...example.split('\n').map((line) => `  ${line}`.trimEnd()),
    '',
  ].join('\n');

/** 1 has two meanings: a bug, and fioctl's answer that there is nothing to do. */
function exitInWords(code: Code, exit: ExitCode): string {
  switch (exit) {
    case EXIT.ok:
      return 'warning only';
    case EXIT.bug:
      return code === 'bug' ? 'bug in release-plan' : 'nothing found, as in fioctl';
    case EXIT.usage:
      return 'invalid plan or command line';
    case EXIT.build:
      return 'build failed';
    case EXIT.inconsistent:
      return 'inconsistent: a check failed';
    case EXIT.environment:
      return 'environment: a program, the disk or permissions';
    case EXIT.interrupted:
      return 'interrupted';
  }
}

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
  throw new ReleasePlanError('usage', `unknown code ${JSON.stringify(name)}`, {
    hint: suggestion(name, Object.keys(CODES), 'codes'),
  });
}
