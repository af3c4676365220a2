/** What a version has to be built from again: archived beside it as kas-lock.json. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { digestFile } from '../io/hash.ts';
import { openSealedJson, sealJson } from '../text/json.ts';
import type { RepositoryState } from './pins.ts';
import { isCommit, type ResolvedChain } from './repositories.ts';

/** One repository of a build; those without layers, and the product's own, are among them. */
export interface LockedRepository {
  name: string;
  /** Where its work tree was, relative to where kas ran. */
  path: string;
  /** Where kas fetched it from; absent for a folder that was there anyway. */
  url?: string;
  /** What the kas files asked for, `branch main` or the like; absent when they asked for nothing. */
  pin?: string;
  /** What was built, without kas's patches; absent when no commit names it. */
  commit?: string;
  /** Git's id of the tree that `patches:` led to. */
  patchedTree?: string;
  /** Top folder of the git repository around `path`, relative to `path`; absent when `path` is one. */
  top?: string;
}

/** @see docs/kas.md, "A version can be built again" */
export interface BuildLock {
  schema: 1;
  version: string;
  /** Where kas ran, relative to the plan's folder. */
  workDir: string;
  repositories: LockedRepository[];
  /** The kas files of the chain, relative to the plan's folder; without the override, which is made anew. */
  files: Array<{ path: string; sha256: string }>;
  /** What keeps it from being built again: changes, folders without a commit. Empty when nothing does. */
  problems: string[];
  /** kas, BitBake and what else of the host decides: program -> version line. */
  tools: Record<string, string>;
}

/** What a lock is made of. */
export interface LockFacts {
  version: string;
  planDir: string;
  workDir: string;
  /** The chain without the override, absolute. */
  files: readonly string[];
  /** Lines of pins.ts. */
  problems: readonly string[];
  kas: string;
  tools: ResolvedChain['tools'];
}

/** The lock of a build. */
export async function makeLock(states: readonly RepositoryState[], facts: LockFacts): Promise<BuildLock> {
  const { version, planDir, workDir } = facts;
  const files: BuildLock['files'] = [];
  for (const file of facts.files)
    files.push({ path: relative(planDir, file), sha256: (await digestFile(file)).sha256 });
  return {
    schema: 1,
    version,
    workDir: relative(planDir, workDir),
    repositories: states.map((one) => lockedRepository(one, workDir)),
    files,
    problems: [
      ...facts.problems,
      ...states
        .filter((one) => one.head === undefined)
        .map(({ name }) => `repository ${name} is in no git repository, or no commit has it`),
    ],
    tools: { kas: facts.kas, ...facts.tools },
  };
}

function lockedRepository(state: RepositoryState, workDir: string): LockedRepository {
  const { name, path, url, pin, head } = state;
  const top = head === undefined ? '' : relative(path, head.top);
  return {
    name,
    path: relative(workDir, path) || '.',
    ...(url === undefined ? {} : { url }),
    ...(pin === undefined ? {} : { pin: `${pin.kind} ${pin.name}` }),
    ...(head === undefined ? {} : { commit: head.commit }),
    ...(head?.patchedTree === undefined ? {} : { patchedTree: head.patchedTree }),
    ...(top === '' ? {} : { top }),
  };
}

/**
 * Refuses a build from which nobody could build again, for `kas.lock: required`.
 *
 * @throws ReleasePlanError `lock-incomplete`: a repository follows a branch or tag, or has no commit
 */
export function requireLockable(states: readonly RepositoryState[], lock: BuildLock): void {
  const floating = states
    .filter(({ pin }) => pin !== undefined && !isCommit(pin))
    .map(({ name, pin }) => `repository ${name} follows the ${pin?.kind} ${pin?.name}, and no commit pins it`);
  const lines = [...floating, ...lock.problems];
  if (lines.length === 0) return;
  throw new ReleasePlanError(
    'lock-incomplete',
    [`${lock.version} could not be built again:`, ...lines.map((line) => `  ${line}`)].join('\n'),
  );
}

/** The text of kas-lock.json. */
export const lockText = (lock: BuildLock): string => sealJson({ ...lock });

/**
 * Reads an archived lock.
 *
 * @throws ReleasePlanError `archive-damaged` when its seal does not hold
 */
export async function readLock(path: string): Promise<BuildLock> {
  const opened = openSealedJson(await readFile(path, 'utf8'));
  if ('problem' in opened) throw new ReleasePlanError('archive-damaged', `${path} ${opened.problem}`);
  if (opened.value.schema !== 1)
    throw new ReleasePlanError('archive-damaged', `${path} has schema ${String(opened.value.schema)}, not 1`);
  // The seal holds, so the shape is what a release of this program wrote.
  return opened.value as unknown as BuildLock;
}
