import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ifPresent } from '../../io/present.ts';

/** The folders that paths of a plan are judged by. */
export interface Project {
  /** The plan's folder. */
  dir: string;
  /** The repository that the plan lies in, or else its folder: paths do not lead out of it. */
  root: string;
}

/** The project of a plan in a folder. */
export async function projectOf(dir: string): Promise<Project> {
  return { dir, root: (await gitRootOf(dir)) ?? dir };
}

/**
 * The top of the git repository that holds a folder; undefined outside of any.
 * By the `.git` entry alone: validation needs no git.
 */
export async function gitRootOf(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    // A folder, or a file in worktrees and submodules.
    const found = await ifPresent(stat(join(at, '.git')));
    if (found !== undefined) return at;
    if (dirname(at) === at) return undefined;
  }
}
