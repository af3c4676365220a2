import { git } from '../../io/git.ts';

/** A commit that one version has and the other does not. */
export interface CommitLine {
  commit: string;
  subject: string;
}

/** What led from one commit to another, as far as a local clone knows. */
export interface CommitsBetween {
  /** Newest first, {@link MOST_COMMITS} at most. */
  commits: CommitLine[];
  /** All of those that `to` has and `from` has not. */
  added: number;
  /** Those that `from` has and `to` has not: a branch was rewritten, or left. */
  dropped: number;
}

/** More are no reading for people: the link has them all. */
export const MOST_COMMITS = 200;

/** A shell of the user's may stand in another repository. */
const NO_OTHER_REPOSITORY = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined };

const GIT_TIMEOUT_MS = 60_000;

/**
 * Reads the commits between two out of a local clone; fetches nothing.
 *
 * @returns undefined where the folder is no clone, or lacks one of the two
 */
export async function commitsBetween(
  folder: string,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<CommitsBetween | undefined> {
  const ask = async (...args: string[]): Promise<string | undefined> => {
    const { exitCode, stdout } = await git(['-C', folder, ...args], {
      env: NO_OTHER_REPOSITORY,
      okCodes: [0, 1, 128],
      timeoutMs: GIT_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    return exitCode === 0 ? stdout : undefined;
  };
  const counts = await ask('rev-list', '--left-right', '--count', '--end-of-options', `${from}...${to}`);
  const [dropped, added] = (counts ?? '').trim().split('\t').map(Number);
  if (dropped === undefined || added === undefined) return undefined;
  const log = await ask('log', '--format=%H %s', `--max-count=${MOST_COMMITS}`, '--end-of-options', `${from}..${to}`);
  const commits = (log ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ commit: line.slice(0, line.indexOf(' ')), subject: line.slice(line.indexOf(' ') + 1) }));
  return { commits, added, dropped };
}
