/** One static delta in a repository: where it lies, what it holds, whether it can be read. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile } from '../../io/hash.ts';
import { ostree, type OstreeRepository } from './repository.ts';

/** Two commits, 64 hex digits each. */
export interface CommitPair {
  from: string;
  to: string;
}

/** What `static-delta show` says of a delta that can be read. */
export interface DeltaContent {
  /** Bytes that a client fetches: parts and fallback objects. */
  sizeBytes: number;
  /** Bytes that it writes: what devices need free. */
  uncompressedBytes: number;
  /** Large objects that are fetched by themselves, 64 hex digits each. */
  fallbacks: string[];
}

/** As ostree writes a delta in lists. */
export const deltaName = ({ from, to }: CommitPair): string => `${from}-${to}`;

/**
 * A delta's folder.
 *
 * @see ostree-core.c, _ostree_get_relative_static_delta_path: base64 of both checksums, `/` as `_`, no padding
 */
export function deltaFolder(repo: OstreeRepository, { from, to }: CommitPair): string {
  const [left, right] = [from, to].map((hex) =>
    Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '').replaceAll('/', '_'),
  );
  return join(repo.path, 'deltas', (left ?? '').slice(0, 2), `${(left ?? '').slice(2)}-${right}`);
}

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
 * Reads a delta with all its parts, as fsck does not.
 *
 * @returns what it holds, or what is wrong with it
 */
export async function showDelta(
  repo: OstreeRepository,
  pair: CommitPair,
  signal?: AbortSignal,
): Promise<DeltaContent | { problem: string }> {
  try {
    const { stdout } = await ostree(repo, ['static-delta', 'show', deltaName(pair)], signal ? { signal } : {});
    return readShown(stdout);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-failed') return { problem: error.message };
    throw error;
  }
}

/** Reads the output of `static-delta show`. */
export function readShown(stdout: string): DeltaContent | { problem: string } {
  const bytesOf = (label: string): number | undefined => {
    const digits = new RegExp(`^${label}: (\\d+)`, 'm').exec(stdout)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const [sizeBytes, uncompressedBytes] = [bytesOf('Total Size'), bytesOf('Total Uncompressed Size')];
  if (sizeBytes === undefined || uncompressedBytes === undefined)
    return { problem: '`ostree static-delta show` prints no total size' };
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith('Number of fallback entries:'));
  const fallbacks: string[] = [];
  for (const line of start === -1 ? [] : lines.slice(start + 1)) {
    if (!/^\s+[0-9a-f]{64}$/.test(line)) break;
    fallbacks.push(line.trim());
  }
  return { sizeBytes, uncompressedBytes, fallbacks };
}

/** Removes a delta, whole or not. The summary does not know of it: a client that tries falls back to objects. */
export async function deleteDelta(repo: OstreeRepository, pair: CommitPair): Promise<void> {
  const folder = deltaFolder(repo, pair);
  // The superblock first: without it the rest is nothing, also if the power fails in between.
  await rm(join(folder, 'superblock'), { force: true });
  await rm(folder, { recursive: true, force: true });
}
