/**
 * What a client has before it takes a delta: the source commit and nothing
 * else. Its objects are linked, not unpacked, and what the sources of one
 * target have in common is linked once.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { objectPath, type ObjectName } from '../../static-delta/names.ts';
import { TreeReader } from '../../static-delta/tree.ts';
import type { OstreeRepository } from './repository.ts';

/** Folders without which ostree does not open a repository. */
const SKELETON = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'extensions', 'state', 'tmp'];

/** Links after which other work of this process gets its turn. */
const LINKS_AT_ONCE = 2000;

/** Makes an empty repository with this configuration. */
export function makeRepository(path: string, config: Record<string, string>): void {
  for (const folder of SKELETON) mkdirSync(join(path, folder), { recursive: true });
  const lines = Object.entries({ repo_version: '1', ...config }).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(path, 'config'), `[core]\n${lines.join('')}`);
}

/** A source commit as a client has it. */
export interface Seed {
  /** A repository of mode archive with the commit and nothing else. */
  path: string;
  commit: string;
  /** Whether the commit has an object. */
  has(name: ObjectName): boolean;
}

/**
 * Puts each source commit into a repository.
 *
 * @param folder for them, on the repository's file system where they are to be links
 * @returns them by their commits
 * @throws ReleasePlanError `ostree-object-damaged`; ENOENT of an object that is missing
 */
export async function seedSources(
  repo: OstreeRepository,
  sources: readonly string[],
  folder: string,
): Promise<Map<string, Seed>> {
  const reader = new TreeReader(repo.path);
  const common = commonObjects(reader, sources);
  const base = join(folder, 'common');
  makeRepository(base, { mode: 'archive-z2' });
  await linkObjects(repo.path, base, [...common.values()]);
  const seeds = new Map<string, Seed>();
  for (const source of sources) {
    const path = join(folder, `source-${source}`);
    makeRepository(path, { mode: 'archive-z2', parent: base });
    const own = [...reader.read(source).objects].filter(([key]) => !common.has(key)).map(([, name]) => name);
    reader.forget(source);
    await linkObjects(repo.path, path, own);
    const has = (name: ObjectName): boolean => [path, base].some((one) => existsSync(objectPath(one, name)));
    seeds.set(source, { path, commit: source, has });
  }
  return seeds;
}

/** What all of several sources have. One tree at a time is in memory beside it. */
function commonObjects(reader: TreeReader, sources: readonly string[]): Map<string, ObjectName> {
  const [first, ...others] = sources;
  if (first === undefined || others.length === 0) return new Map();
  let common = reader.read(first).objects;
  for (const source of others) {
    const { objects } = reader.read(source);
    common = new Map([...common].filter(([key]) => objects.has(key)));
    reader.forget(source);
  }
  return common;
}

/** Links objects from one repository of mode archive into another. */
export async function linkObjects(from: string, to: string, names: readonly ObjectName[]): Promise<void> {
  const folders = new Set<string>();
  for (const [at, name] of names.entries()) {
    const prefix = name.checksum.slice(0, 2);
    if (!folders.has(prefix)) mkdirSync(join(to, 'objects', prefix), { recursive: true });
    folders.add(prefix);
    linkOrCopy(objectPath(from, name), objectPath(to, name));
    if (at % LINKS_AT_ONCE === LINKS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Links a file, or copies it where that cannot be: other file systems, files of other users. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    copyFileSync(from, to);
  }
}
