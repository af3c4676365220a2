import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { isWritableFolder } from '../io/writable.ts';
import { ifPresent } from '../io/present.ts';
import { gitRootOf } from './chain.ts';
import { renderOverride, type OverrideValues } from './render.ts';

/** Where an override goes. */
export interface OverridePlace {
  planDir: string;
  /** The base chain, absolute paths, at least one. */
  config: readonly string[];
  /** Where kas runs. */
  workDir?: string;
}

/**
 * The folder for generated files: `.release-plan` beside the plan, when the
 * plan lies in the repository of the base kas file; otherwise at the top of
 * that repository, since kas refuses a chain across repositories. Outside of
 * any repository kas takes files from anywhere: there the folder of the base
 * kas file will do, or the work dir. A folder that cannot be written is passed over.
 *
 * @throws ReleasePlanError `kas-repository-owner`, `io-failed` when none of them can be written
 */
export async function generatedFolder(place: OverridePlace): Promise<string> {
  const folders = await foldersFor(place);
  for (const folder of folders) if (await isWritableFolder(folder, GENERATED)) return join(folder, GENERATED);
  throw new ReleasePlanError(
    'io-failed',
    `${folders.join(' and ')} is not writable, but the override that sets BUILD_VERSION has to be in the repository ` +
      'of the base kas file',
    {
      hint:
        `Make ${join(folders.at(-1) ?? '', GENERATED)} a writable folder (git ignores it), or build from a writable ` +
        'checkout.',
    },
  );
}

const GENERATED = '.release-plan';

/** Where kas would take an override from, the best place first. */
async function foldersFor({ planDir, config, workDir }: OverridePlace): Promise<string[]> {
  const base = dirname(config[0] ?? planDir);
  const repository = await gitRootOf(base);
  const besidePlan = repository === (await gitRootOf(planDir)) ? [planDir] : [];
  if (repository !== undefined) return [...new Set([...besidePlan, repository])];
  const atWork =
    workDir !== undefined && (await ifPresent(stat(workDir))) !== undefined && (await gitRootOf(workDir)) === undefined
      ? [workDir]
      : [];
  return [...new Set([...besidePlan, base, ...atWork])];
}

/** Where builds of this place have left their logs: each may be missing, the likeliest comes first. */
export const logFolders = async (place: OverridePlace): Promise<string[]> =>
  (await foldersFor(place)).map((folder) => join(folder, GENERATED, 'logs'));

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
  if ((await ifPresent(readFile(path, 'utf8'))) !== text) await writeFileAtomic(path, text);
}
