/** One static delta in a repository: where it lies, what it holds, whether it can be read. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile } from '../../io/hash.ts';
import { deltaFolder as folderIn, deltaName, type CommitPair, type ObjectName } from '../../static-delta/names.ts';
import { readSuperblock } from '../../static-delta/superblock.ts';
import { ostree, type OstreeRepository } from './repository.ts';

export { deltaName, type CommitPair };

/** What a delta is to a client. */
export interface DeltaContent {
  /** Bytes that a client fetches: parts and fallback objects. */
  sizeBytes: number;
  /** Bytes that it writes: what devices need free. */
  uncompressedBytes: number;
  /** Large objects that are fetched by themselves, 64 hex digits each. */
  fallbacks: string[];
  /** All that it makes or has fetched. */
  objects: ObjectName[];
}

/** A pair for people. */
export const shortPair = ({ from, to }: CommitPair): string => `${from.slice(0, 10)} -> ${to.slice(0, 10)}`;

/** A delta's folder. */
export const deltaFolder = (repo: Pick<OstreeRepository, 'path'>, pair: CommitPair): string =>
  folderIn(repo.path, pair);

/** Whether a delta is there to its end: ostree writes the superblock last. */
export const isGenerated = (repo: OstreeRepository, pair: CommitPair): boolean =>
  existsSync(join(deltaFolder(repo, pair), 'superblock'));

/** What identifies a delta's bits: the superblock holds the checksum of each part. 64 hex digits. */
export const superblockDigest = async (repo: OstreeRepository, pair: CommitPair): Promise<string> =>
  (await digestFile(join(deltaFolder(repo, pair), 'superblock'))).sha256;

/** The deltas between two commits that the repository holds; those from nothing are left out. */
export async function listDeltas(repo: OstreeRepository, signal?: AbortSignal): Promise<CommitPair[]> {
  const { stdout } = await ostree(repo, ['static-delta', 'list'], signal ? { signal } : {});
  return stdout.split('\n').flatMap((line) => {
    const [, from, to] = /^([0-9a-f]{64})-([0-9a-f]{64})$/.exec(line.trim()) ?? [];
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
}

/**
 * What a delta holds, as its superblock says.
 *
 * @returns that, or what is wrong with the superblock
 */
export async function readContent(
  repo: OstreeRepository,
  pair: CommitPair,
): Promise<DeltaContent | { problem: string }> {
  try {
    const { parts, fallbacks } = readSuperblock(await readFile(join(deltaFolder(repo, pair), 'superblock')));
    const all = [...parts, ...fallbacks];
    return {
      sizeBytes: all.reduce((sum, one) => sum + one.sizeBytes, 0),
      uncompressedBytes: all.reduce((sum, one) => sum + one.uncompressedBytes, 0),
      fallbacks: fallbacks.map(({ object }) => object.checksum),
      objects: [...parts.flatMap((part) => part.objects), ...fallbacks.map(({ object }) => object)],
    };
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'static-delta-corrupt') return { problem: error.message };
    throw error;
  }
}

/** Removes a delta, whole or not. The summary does not know of it: a client that tries falls back to objects. */
export async function deleteDelta(repo: OstreeRepository, pair: CommitPair): Promise<void> {
  const folder = deltaFolder(repo, pair);
  // The superblock first: without it the rest is nothing, also if the power fails in between.
  await rm(join(folder, 'superblock'), { force: true });
  await rm(folder, { recursive: true, force: true });
}
