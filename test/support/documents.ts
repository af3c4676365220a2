/** What a command prints with --json fits its schema: asked of every such run that a test makes, whatever the test is about. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));
const SUFFIX = '.schema.json';

/** Schemas of what commands print, by the words of the command. */
export const DOCUMENT_NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(SUFFIX) && file !== `release-plan${SUFFIX}`)
  .map((file) => file.slice(0, -SUFFIX.length));

export const documentSchema = (name: string): { [key: string]: unknown; $id: string } =>
  JSON.parse(readFileSync(`${FOLDER}${name}${SUFFIX}`, 'utf8')) as { [key: string]: unknown; $id: string };

let ajv: Ajv2020 | undefined;

function validatorOf(name: string): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
    for (const one of DOCUMENT_NAMES) ajv.addSchema(documentSchema(one));
  }
  const found = ajv.getSchema(`${name}${SUFFIX}`);
  if (found === undefined) throw new Error(`there is no schema ${name}`);
  return found;
}

/** The schema of what a command line prints; undefined where it prints no JSON. */
export function documentOf(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--format');
  const format = argv.find((one) => one.startsWith('--format='))?.slice('--format='.length) ?? argv[at + 1];
  const isJson =
    argv.includes('--json') || ((at >= 0 || argv.some((one) => one.startsWith('--format='))) && format === 'json');
  const [command = '', sub = ''] = argv;
  if (!isJson || argv.includes('--raw')) return undefined;
  if (command === 'apply' && argv.includes('--dry-run')) return 'plan';
  const variant = ['index', 'against'].find((flag) => argv.some((one) => one.split('=')[0] === `--${flag}`));
  const names = [`${command}-${variant ?? sub}`, command];
  return names.find((name) => existsSync(`${FOLDER}${name}${SUFFIX}`)) ?? command;
}

/** What is wrong with a document, a line each. */
export function documentProblems(name: string, document: unknown): string[] {
  const validate = validatorOf(name);
  if (validate(document)) return [];
  return (validate.errors ?? []).map(
    (one) => `${name}: ${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`,
  );
}

/** @throws Error when a command printed a document that its schema does not allow */
export function requireDocument(argv: readonly string[], stdout: string): void {
  const name = documentOf(argv);
  if (name === undefined || stdout === '') return;
  const problems = documentProblems(name, JSON.parse(stdout));
  if (problems.length > 0) throw new Error(`release-plan ${argv.join(' ')}\n${problems.slice(0, 5).join('\n')}`);
}
