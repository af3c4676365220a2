import { ReleasePlanError } from '../../core/errors.ts';
import { contentDigests } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import type { Owner } from '../filesystem/owner.ts';
import type { ImageInode } from '../filesystem/image-tree.ts';

/**
 * Why bytes of an image are in a delta:
 * - `new`: the base has nothing of this path, nor the same content under another
 * - `changed`: the base has other content under this path
 * - `moved`: the base has the same content under another path only
 * - `recompressed`: the base has the same content under this path, but a compressed block that holds it is another
 * - `timestamps-only`: an inode that differs from the base's by its times alone
 * - `layout`: the same content, or what describes it, lies elsewhere or is aligned otherwise
 * - `unknown`: a file whose compression cannot be undone here, or a base that cannot be read as a file system
 */
export const CAUSES = ['new', 'changed', 'moved', 'recompressed', 'timestamps-only', 'layout', 'unknown'] as const;
export type Cause = (typeof CAUSES)[number];

/** Tells why, by comparing with the base. */
export interface CauseFinder {
  ofFile(inode: number): Cause;
  ofMetadata(owner: Owner & { kind: 'metadata' }): Cause;
}

/**
 * Compares those files of the target that have bytes in the delta with the base. Contents are read where sizes are
 * equal, and only then.
 *
 * @param inodes the files that will be asked for
 * @throws ReleasePlanError `image-corrupt`, `tool-missing`; AbortError
 */
export async function findCauses(
  base: OpenImage | undefined,
  target: OpenImage,
  inodes: Iterable<number>,
  signal?: AbortSignal,
): Promise<CauseFinder> {
  if (base === undefined) return { ofFile: () => 'unknown', ofMetadata: () => 'unknown' };
  const { twins, candidates, targetDigests, baseDigests } = await readCounterparts(base, target, [...inodes], signal);
  const isPacked = (inode: number): boolean => [...target.pieces(inode)].some(({ kind }) => kind === 'packed');
  const folders = { base: base.tree.namesByFolder(), target: target.tree.namesByFolder() };
  return {
    ofFile(inode) {
      const twin = twins.get(inode);
      const digest = targetDigests.get(inode);
      if (twin === undefined) {
        const others = candidates.get(inode) ?? [];
        return digest !== undefined && others.some((one) => baseDigests.get(one) === digest) ? 'moved' : 'new';
      }
      if (base.tree.inodes[twin]?.sizeBytes !== sizeOf(target, inode)) return 'changed';
      const before = baseDigests.get(twin);
      if (digest === undefined || before === undefined) return 'unknown';
      if (digest !== before) return 'changed';
      return isPacked(inode) ? 'recompressed' : 'layout';
    },
    ofMetadata: ({ what, inodes: described }) =>
      strongest(
        described.map((inode) =>
          what === 'directory' ? causeOfFolder(base, target, folders, inode) : causeOfInode(base, target, inode),
        ),
      ),
  };
}

/** Files of the base to compare with, and the digests of those that may be equal. */
interface Counterparts {
  /** By inode of the target: the base's under the same path. */
  twins: Map<number, number | undefined>;
  /** By inode of the target: files of the base with its size, for those without a twin. */
  candidates: Map<number, number[]>;
  targetDigests: Map<number, string>;
  baseDigests: Map<number, string>;
}

async function readCounterparts(
  base: OpenImage,
  target: OpenImage,
  wanted: readonly number[],
  signal?: AbortSignal,
): Promise<Counterparts> {
  const twins = new Map(wanted.map((inode) => [inode, twinOf(base, target, inode)]));
  const candidates = sameSizes(
    base,
    target,
    wanted.filter((inode) => twins.get(inode) === undefined),
  );
  const toRead = wanted.filter((inode) => {
    const twin = twins.get(inode);
    return twin === undefined ? candidates.has(inode) : base.tree.inodes[twin]?.sizeBytes === sizeOf(target, inode);
  });
  const inBase = toRead.flatMap((inode) => twins.get(inode) ?? candidates.get(inode) ?? []);
  const targetDigests = await contentDigests(target, toRead, signal);
  const baseDigests = await contentDigests(base, inBase, signal);
  return { twins, candidates, targetDigests, baseDigests };
}

/**
 * The base of a blame may be of another kind, or damaged in a way that leaves nothing to compare with.
 *
 * @returns undefined for a base that has no file system known here
 */
export async function openBase(
  open: (path: string) => Promise<OpenImage>,
  path: string,
): Promise<OpenImage | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'image-unsupported') return undefined;
    throw error;
  }
}

const sizeOf = ({ tree }: OpenImage, inode: number): number => tree.inodes[inode]?.sizeBytes ?? 0;

/** The base's inode under the same path, when it is of the same kind. */
function twinOf(base: OpenImage, target: OpenImage, inode: number): number | undefined {
  const path = target.tree.pathOfInode(inode);
  const entry = path === undefined ? undefined : base.tree.find(path);
  if (entry === undefined) return undefined;
  const twin = base.tree.inodeOf(entry);
  return base.tree.inodes[twin]?.kind === target.tree.inodes[inode]?.kind ? twin : undefined;
}

/** A file of many equal sizes would be compared with all of them; so many are enough. */
const MOST_CANDIDATES = 64;

/** For each file of the target, files of the base that have its size; no empty ones. */
function sameSizes(base: OpenImage, target: OpenImage, inodes: readonly number[]): Map<number, number[]> {
  const wanted = new Map<number, number[]>();
  for (const inode of inodes) if (sizeOf(target, inode) > 0) wanted.set(sizeOf(target, inode), []);
  for (const [inode, { kind, sizeBytes }] of base.tree.inodes.entries()) {
    const found = kind === 'file' ? wanted.get(sizeBytes) : undefined;
    if (found !== undefined && found.length < MOST_CANDIDATES) found.push(inode);
  }
  const candidates = new Map<number, number[]>();
  for (const inode of inodes) {
    const found = wanted.get(sizeOf(target, inode));
    if (found !== undefined && found.length > 0) candidates.set(inode, found);
  }
  return candidates;
}

/** What several inodes in one block have in common: times alone, or more. */
function strongest(causes: readonly Cause[]): Cause {
  if (causes.length === 0) return 'layout';
  if (causes.every((one) => one === causes[0])) return causes[0] ?? 'layout';
  return causes.some((one) => one === 'new' || one === 'changed') ? 'changed' : 'layout';
}

function causeOfInode(base: OpenImage, target: OpenImage, inode: number): Cause {
  const twin = twinOf(base, target, inode);
  const after = target.tree.inodes[inode];
  const before = twin === undefined ? undefined : base.tree.inodes[twin];
  if (before === undefined || after === undefined) return 'new';
  const same = (...keys: ReadonlyArray<keyof ImageInode>): boolean => keys.every((key) => before[key] === after[key]);
  if (!same('mode', 'uid', 'gid', 'sizeBytes')) return 'changed';
  if (!same('location')) return 'layout';
  return same('modifiedS', 'otherTimes') ? 'layout' : 'timestamps-only';
}

function causeOfFolder(
  base: OpenImage,
  target: OpenImage,
  names: { base: Map<number, string[]>; target: Map<number, string[]> },
  inode: number,
): Cause {
  const entry = target.tree.entryOf(inode);
  const before = entry === undefined ? undefined : base.tree.find(target.tree.pathOf(entry));
  if (entry === undefined || before === undefined) return 'new';
  const [old, now] = [names.base.get(before) ?? [], names.target.get(entry) ?? []];
  return old.length === now.length && new Set([...old, ...now]).size === old.length ? 'layout' : 'changed';
}
