import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { errnoOf } from '../core/errors.ts';
import { openRegular } from '../io/regular.ts';

/** Not the plans of this product, and many files: what builds and installs leave behind. */
const NOT_SEARCHED = [
  '**/node_modules/**',
  '**/.git/**',
  '**/.release-plan/**',
  '**/build/**',
  '**/downloads/**',
  '**/sstate-cache/**',
  '**/artifacts/**',
];

/** A product stands at the top of every plan, and of no kas file. */
const PLAN_MARK = /^(?:product|"product"|'product')[ \t]*:/m;
const SNIFFED_BYTES = 64 * 1024;

/**
 * The plan files that arguments mean: files as they are, folders with the
 * plans in them (a YAML file named plan, or with a product at its top), globs.
 *
 * @returns absolute paths, each once; a diagnostic for each argument that means none
 */
export async function findPlans(
  args: readonly string[],
  cwd: string,
): Promise<{ files: string[]; diagnostics: Diagnostic[] }> {
  const files = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const arg of args) {
    const found = await meaningOf(arg, cwd);
    if (found.length === 0) diagnostics.push(nothingAt(arg));
    for (const file of found) files.add(file);
  }
  return { files: [...files], diagnostics };
}

async function meaningOf(arg: string, cwd: string): Promise<string[]> {
  const path = resolve(cwd, arg);
  const entry = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  });
  // A file named like a pattern is that file. A missing one is told when it is read.
  if (entry === undefined && (await import('tinyglobby')).isDynamicPattern(arg)) return await search(arg, cwd);
  return entry?.isDirectory() === true ? await plansIn(path) : [path];
}

async function plansIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await search('**/*.{yml,yaml}', folder)) {
    if (/(?:^|[/.-])plan\.ya?ml$/.test(file) || PLAN_MARK.test(await startOf(file))) found.push(file);
  }
  return found;
}

async function search(pattern: string, cwd: string): Promise<string[]> {
  const { glob } = await import('tinyglobby');
  const found = await glob(pattern, {
    cwd,
    absolute: true,
    onlyFiles: true,
    followSymbolicLinks: false,
    expandDirectories: false,
    ignore: NOT_SEARCHED,
  });
  return found.sort();
}

async function startOf(file: string): Promise<string> {
  const { handle } = await openRegular(file, { maxBytes: Infinity });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function nothingAt(arg: string): Diagnostic {
  return {
    code: 'plan-not-found',
    severity: 'error',
    message: `no plan found at ${JSON.stringify(arg)}`,
    hint:
      'A plan in a folder is a YAML file named plan.yml, *-plan.yml or *.plan.yml, or one with a top-level ' +
      '`product:`.',
  };
}
