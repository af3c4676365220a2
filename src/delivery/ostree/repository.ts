/** One OSTree repository that devices pull from, through the `ostree` program. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import type { OstreeSettings } from '../../core/plan.ts';
import { run, type RunResult } from '../../io/process.ts';
import { missingTool } from '../../io/tools.ts';

/** Where a repository is, and how its summary is signed. */
export interface OstreeRepository {
  /** Absolute. */
  path: string;
  /** Id of the gpg key that signs the summary. */
  gpgKey?: string;
  gpgHomedir?: string;
}

/** Folder in the repository for what is ours: lock, proofs, scratch. ostree and its clients pass over it. */
export const ownFolder = (repo: OstreeRepository): string => join(repo.path, '.release-plan');

/** The lock that whoever makes or withdraws deltas holds. */
export const repositoryLock = (repo: OstreeRepository): string => join(ownFolder(repo), 'lock');

/**
 * Runs `ostree` on the repository. When this process is killed, the kernel
 * ends ostree too, so that the next run does not meet it at work.
 *
 * @throws ReleasePlanError `tool-missing`, `tool-failed` with ostree's words, `disk-full`, `interrupted`
 */
export async function ostree(
  repo: Pick<OstreeRepository, 'path'>,
  args: readonly string[],
  options: { signal?: AbortSignal; okCodes?: readonly number[] } = {},
): Promise<RunResult> {
  try {
    return await run('setpriv', ['--pdeathsig=KILL', '--', 'ostree', `--repo=${repo.path}`, ...args], options);
  } catch (error) {
    throw error instanceof ReleasePlanError && error.code === 'tool-failed'
      ? inOstreesName(error, repo.path, args)
      : error;
  }
}

/** A failure of `setpriv ostree` as one of ostree. */
function inOstreesName(error: ReleasePlanError, path: string, args: readonly string[]): ReleasePlanError {
  if (error.message.includes('failed to execute ostree')) return missingTool('ostree', error);
  const verb = args.slice(0, args[0] === 'static-delta' ? 2 : 1).join(' ');
  if (!error.message.includes('No space left on device'))
    return new ReleasePlanError(
      'tool-failed',
      error.message.replace(/^setpriv ostree failed/, `ostree ${verb} failed`),
      { cause: error },
    );
  return new ReleasePlanError(
    'disk-full',
    `no room for ostree ${verb} in ${path} or in ${process.env.TMPDIR ?? '/var/tmp'}`,
    {
      cause: error,
      hint: 'Free space, or set TMPDIR to a larger disk; devices are served as before.',
    },
  );
}

/**
 * Checks that there is a repository that can serve devices.
 *
 * @throws ReleasePlanError `ostree-repo-missing`
 */
export async function requireRepository(repo: OstreeRepository): Promise<void> {
  let config: string;
  try {
    config = await readFile(join(repo.path, 'config'), 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    throw new ReleasePlanError('ostree-repo-missing', `there is no OSTree repository at ${repo.path}`, {
      cause: error,
    });
  }
  const mode = /^mode=(.*)$/m.exec(config)?.[1]?.trim();
  if (mode === 'archive' || mode === 'archive-z2') return;
  throw new ReleasePlanError(
    'ostree-repo-missing',
    `the repository ${repo.path} has mode ${mode ?? 'bare'}; devices pull from mode archive alone`,
    {
      hint: 'Make one with `ostree init --mode=archive` and `ostree pull-local` into it.',
    },
  );
}

/** Why no delta can be made with a commit, or undefined when it is there, whole. */
export function commitProblem(repo: OstreeRepository, commit: string): string | undefined {
  if (!existsSync(join(repo.path, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commit`)))
    return `commit ${commit} is not in ${repo.path}`;
  return existsSync(join(repo.path, 'state', `${commit}.commitpartial`))
    ? `commit ${commit} is only partly in ${repo.path}`
    : undefined;
}

/**
 * The commit that a branch stands on.
 *
 * @throws ReleasePlanError `ostree-ref-unknown` with the nearest branch
 */
export async function resolveRef(repo: OstreeRepository, ref: string, signal?: AbortSignal): Promise<string> {
  const { stdout, exitCode } = await ostree(repo, ['rev-parse', ref], {
    okCodes: [0, 1],
    ...(signal ? { signal } : {}),
  });
  if (exitCode === 0) return stdout.trim();
  const refs = (await ostree(repo, ['refs', '--list'])).stdout.split('\n').filter((line) => line !== '');
  const near = refs.length === 0 ? '' : closest(ref, refs);
  throw new ReleasePlanError('ostree-ref-unknown', `${repo.path} has no branch ${JSON.stringify(ref)}`, {
    hint:
      near !== '' && distance(near, ref) <= 3
        ? `Is ${near} meant?`
        : `It has: ${refs.slice(0, 10).join(', ') || 'none'}.`,
  });
}

/** When commits were made, in seconds since 1970; what the repository does not have is left out. */
export async function commitTimes(
  repo: OstreeRepository,
  commits: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const commit of new Set(commits)) {
    if (commitProblem(repo, commit) !== undefined) continue;
    const { stdout } = await ostree(repo, ['show', commit], signal ? { signal } : {});
    const date = /^Date: +(.+)$/m.exec(stdout)?.[1];
    const time = date === undefined ? Number.NaN : Date.parse(date);
    if (!Number.isNaN(time)) times.set(commit, time / 1000);
  }
  return times;
}

/** The repository that a plan names. */
export const repositoryOf = ({ repo, gpgKey, gpgHomedir }: OstreeSettings): OstreeRepository => ({
  path: repo,
  ...(gpgKey === undefined ? {} : { gpgKey }),
  ...(gpgHomedir === undefined ? {} : { gpgHomedir }),
});
