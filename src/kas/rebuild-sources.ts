/** The sources of an archived version, laid out anew in a folder of their own. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { digestFile } from '../io/hash.ts';
import { ifPresent } from '../io/present.ts';
import { run } from '../io/process.ts';
import { commitOf, git } from './git.ts';
import type { BuildLock, LockedRepository } from './lock.ts';
import { quoteYaml } from './render.ts';

/** Where the folders of a build are in the new place. */
export interface RebuildPlaces {
  /** The new place of an absolute path of this machine. */
  moved(path: string): string;
  workDir: string;
  planDir: string;
  /** The chain without what release-plan adds, in the new place. */
  files: string[];
}

/**
 * Where everything goes: folders keep their places relative to one another, so
 * that relative paths in kas files lead where they led.
 *
 * @param planDir the plan's folder, absolute
 * @param into where the new place begins
 */
export function rebuildPlaces(lock: BuildLock, planDir: string, into: string): RebuildPlaces {
  const workDir = resolve(planDir, lock.workDir);
  const tops = localRepositories(lock).map((one) => topOf(one, workDir));
  const files = lock.files.map(({ path }) => resolve(planDir, path));
  const common = commonFolder([workDir, planDir, ...tops, ...files.map((file) => dirname(file))]);
  const moved = (path: string): string => join(into, relative(common, path));
  return { moved, workDir: moved(workDir), planDir: moved(planDir), files: files.map(moved) };
}

/** Folders that were there anyway: kas does not fetch them. */
const localRepositories = ({ repositories }: BuildLock): LockedRepository[] =>
  repositories.filter((one) => one.url === undefined);

const topOf = ({ path, top = '' }: LockedRepository, workDir: string): string => resolve(workDir, path, top);

function commonFolder(folders: readonly string[]): string {
  const [first = '/', ...others] = folders;
  let common = first;
  while (others.some((one) => one !== common && !one.startsWith(common === '/' ? '/' : `${common}/`)))
    common = dirname(common);
  return common;
}

/**
 * Clones the product's own repositories at their locked commits. What kas
 * fetches is left to kas, which has the mirrors and credentials.
 *
 * @throws ReleasePlanError `commit-gone`, `lock-missing` when a kas file was not committed as it was used
 */
export async function layOutSources(
  lock: BuildLock,
  planDir: string,
  places: RebuildPlaces,
  signal?: AbortSignal,
): Promise<void> {
  const workDir = resolve(planDir, lock.workDir);
  const tops = new Map(localRepositories(lock).map((one) => [topOf(one, workDir), one]));
  // Outer folders first: one repository may lie in another.
  for (const [top, { name, commit = '' }] of [...tops].sort(([a], [b]) => a.length - b.length)) {
    if ((await commitOf(top, commit)) === undefined) throw gone(name, commit, top);
    const to = places.moved(top);
    await mkdir(dirname(to), { recursive: true });
    const options = signal === undefined ? {} : { signal };
    await run('git', ['clone', '--quiet', '--no-checkout', top, to], options);
    await run('git', ['-C', to, 'checkout', '--quiet', '--detach', commit], options);
  }
  await mkdir(places.workDir, { recursive: true });
  for (const [index, { path, sha256 }] of lock.files.entries()) {
    const file = places.files[index] ?? '';
    const isSame = (await ifPresent(stat(file)))?.isFile() === true && (await digestFile(file)).sha256 === sha256;
    if (isSame) continue;
    throw new ReleasePlanError(
      'lock-missing',
      `${lock.version} cannot be built again: the kas file ${path}, as it was used, is in no commit`,
    );
  }
}

const gone = (name: string, commit: string, where: string): ReleasePlanError =>
  new ReleasePlanError('commit-gone', `repository ${name}: ${where} no longer has the commit ${commit}`);

/**
 * The kas file that pins each fetched repository to its locked commit. A
 * repository that was asked for by `refspec` is pinned so: later kas refuse to
 * mix it with `commit`, and kas before 4.0 knows nothing else.
 */
export function renderPins(lock: BuildLock): string {
  const fetched = lock.repositories.filter((one) => one.url !== undefined && one.commit !== undefined);
  const lines = fetched.flatMap(({ name, pin, commit = '' }) => [
    `  ${quoteYaml(name)}:`,
    `    ${pin?.startsWith('refspec ') === true ? 'refspec' : 'commit'}: ${quoteYaml(commit)}`,
  ]);
  return [
    `# Written by release-plan to build ${lock.version} again: the commits that it was built from.`,
    'header:',
    '  version: 1',
    ...(lines.length === 0 ? [] : ['repos:', ...lines]),
    '',
  ].join('\n');
}

/**
 * After kas could not check out: commits that no fetched repository has. What
 * no branch leads to any more is asked for by its id first, which most servers
 * still answer.
 *
 * @returns whether it is worth another try
 * @throws ReleasePlanError `commit-gone`
 */
export async function fetchLostCommits(lock: BuildLock, places: RebuildPlaces): Promise<boolean> {
  let isFetched = false;
  for (const { name, path, url, commit } of lock.repositories) {
    if (url === undefined || commit === undefined) continue;
    const clone = resolve(places.workDir, path);
    if ((await ifPresent(stat(join(clone, '.git')))) === undefined) continue;
    if ((await commitOf(clone, commit)) !== undefined) continue;
    await git(clone, ['fetch', '--quiet', 'origin', commit]);
    if ((await commitOf(clone, commit)) === undefined) throw gone(name, commit, url);
    isFetched = true;
  }
  return isFetched;
}
