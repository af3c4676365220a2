import { stat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { ifPresent } from '../io/present.ts';
import { run } from '../io/process.ts';

/** The files of one build, in the order in which kas merges them. */
export interface Chain {
  /** Absolute paths; the override is the last. */
  files: string[];
  /** What kas is given: paths relative to the work dir, joined by colons. */
  argument: string;
}

/** What a chain is made of, absolute paths. */
export interface ChainParts {
  /** The base, at least one file. */
  config: readonly string[];
  /** More files of one version: commit pins, a lock file. */
  versionFiles?: readonly string[];
  /** The file that sets BUILD_VERSION; none for a delta build. */
  override?: string;
  workDir: string;
}

/**
 * Puts a chain together. The override comes last: kas lets the later file win,
 * so in any other place a base file would silently replace the version.
 *
 * @throws ReleasePlanError `path-colon`, `path-missing`, `kas-repository`, `kas-repository-owner`
 */
export async function chainOf({ config, versionFiles = [], override, workDir }: ChainParts): Promise<Chain> {
  const files = [...config, ...versionFiles, ...(override === undefined ? [] : [override])];
  // Relative paths: a colon above the project does no harm, and kas-container sees the same tree elsewhere.
  const shown = files.map((file) => asArgument(relative(workDir, file)));
  for (const [index, file] of files.entries()) {
    if (shown[index]?.includes(':'))
      throw new ReleasePlanError(
        'path-colon',
        `${file} has a colon in its path, which kas reads as the end of one file and the start of the next`,
      );
    if (!(await ifPresent(stat(file)))?.isFile())
      throw new ReleasePlanError('path-missing', `the kas file ${file} does not exist`);
  }
  await requireOneRepository(files);
  return { files, argument: shown.join(':') };
}

/** A file name that begins with a dash would be an option of kas. */
const asArgument = (path: string): string => (path.startsWith('-') ? `./${path}` : path);

async function requireOneRepository(files: readonly string[]): Promise<void> {
  const [first, ...others] = files;
  if (first === undefined) return;
  const home = await gitRootOf(dirname(first));
  for (const file of others) {
    const found = await gitRootOf(dirname(file));
    if (found === home) continue;
    const name = (root: string | undefined): string => root ?? 'no repository';
    throw new ReleasePlanError(
      'kas-repository',
      `${file} lies in ${name(found)}, ${first} in ${name(home)}: kas refuses a chain across repositories`,
    );
  }
}

/**
 * The top folder of the git repository around a folder, or undefined outside any.
 *
 * Asked as kas asks: without HOME, so that a safe.directory in the user's own
 * git configuration, which kas does not see, does not count.
 *
 * @throws ReleasePlanError `kas-repository-owner` when git refuses the repository
 */
export async function gitRootOf(folder: string): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await run('git', ['rev-parse', '--show-toplevel'], {
    cwd: folder,
    env: { HOME: undefined, XDG_CONFIG_HOME: undefined, GIT_DIR: undefined, GIT_WORK_TREE: undefined, LC_ALL: 'C' },
    okCodes: [0, 128],
  });
  if (exitCode === 0) return stdout;
  const refused = /dubious ownership in repository at '(.*)'/.exec(stderr)?.[1];
  if (refused === undefined) return undefined;
  throw new ReleasePlanError(
    'kas-repository-owner',
    `git refuses the repository ${refused}: it belongs to another user`,
    {
      hint:
        `Run \`git config --system --add safe.directory ${refused}\` (kas does not see your own git ` +
        'configuration), or change the owner.',
    },
  );
}
