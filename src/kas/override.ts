import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../io/atomic.ts';
import { ifThere } from '../io/look.ts';
import { repositoryOf } from './chain.ts';
import { renderOverride, type OverrideValues } from './render.ts';

/** Where an override goes. */
export interface OverridePlace {
  planDir: string;
  /** The base chain, absolute paths, at least one. */
  config: readonly string[];
}

/**
 * The folder for generated files: `.release-plan` beside the plan, when the
 * plan lies in the repository of the base kas file; otherwise at the top of
 * that repository, since kas refuses a chain across repositories.
 *
 * @throws ReleasePlanError `kas-repository-owner`
 */
export async function generatedFolder({ planDir, config }: OverridePlace): Promise<string> {
  const base = dirname(config[0] ?? planDir);
  const repository = await repositoryOf(base);
  if (repository === (await repositoryOf(planDir))) return join(planDir, '.release-plan');
  return join(repository ?? base, '.release-plan');
}

/** Where in the folder for generated files the overrides lie. */
export const overrideFolder = (generated: string): string => join(generated, 'kas');

/**
 * Writes the override of a version, atomically and only when it changed: a
 * file that is the same keeps its time.
 *
 * @returns its absolute path
 * @throws ReleasePlanError as {@link renderOverride} and {@link generatedFolder}
 */
export async function writeOverride(place: OverridePlace, values: OverrideValues): Promise<string> {
  const text = renderOverride(values);
  const folder = await generatedFolder(place);
  // git must not see it: a build whose repository became dirty by building would not be the one that was tagged.
  await writeChanged(join(folder, '.gitignore'), '*\n');
  const path = join(overrideFolder(folder), `${values.version}.yml`);
  await writeChanged(path, text);
  return path;
}

async function writeChanged(path: string, text: string): Promise<void> {
  if ((await ifThere(readFile(path, 'utf8'))) !== text) await writeFileAtomic(path, text);
}
