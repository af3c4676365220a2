import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';

/** Paths of one command line, by the name of their argument: those it reads and the one it writes. */
export interface CommandFiles {
  inputs: Record<string, string>;
  output?: Record<string, string>;
}

/**
 * Checks the paths before any work is done: inputs are readable regular files,
 * the output is no folder and none of the inputs (by any name or link).
 *
 * @throws ReleasePlanError `usage` naming the argument and the path
 */
export async function checkFiles(cwd: string, { inputs, output = {} }: CommandFiles): Promise<void> {
  const seen = new Map<string, string>();
  for (const [name, path] of Object.entries(inputs)) {
    const found = await stat(resolve(cwd, path)).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR')
        throw new ReleasePlanError('usage', `${name}: ${path} does not exist`, {
          cause: error,
          hint: 'Check the path.',
        });
      throw error;
    });
    if (!found.isFile())
      throw new ReleasePlanError(
        'usage',
        `${name}: ${path} is ${found.isDirectory() ? 'a folder' : 'not a regular file'}`,
        { hint: 'Pass a file; copy a device into one first.' },
      );
    seen.set(`${found.dev}:${found.ino}`, `${name} (${path})`);
  }
  for (const [name, path] of Object.entries(output)) {
    const found = await stat(resolve(cwd, path)).catch(() => undefined);
    if (found === undefined) continue;
    if (!found.isFile())
      throw new ReleasePlanError(
        'usage',
        `${name}: ${path} is ${found.isDirectory() ? 'a folder' : 'not a regular file'}`,
        { hint: 'Pass the path of the file to write.' },
      );
    const input = seen.get(`${found.dev}:${found.ino}`);
    if (input !== undefined)
      throw new ReleasePlanError('usage', `${name} (${path}) is the same file as ${input}`, {
        hint: 'Write to another path.',
      });
  }
}
