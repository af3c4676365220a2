import { contentDigests } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import type { ImageInode } from '../filesystem/image-tree.ts';

/** In what a file of the same path differs. `unreadable`: its contents could not be compared. */
export type FileDifference = 'kind' | 'content' | 'mode' | 'owner' | 'size' | 'link' | 'unreadable';

export interface ChangedFile {
  path: string;
  differs: FileDifference[];
  /** Sizes before and after. */
  fromBytes: number;
  toBytes: number;
}

/** Files, folders, links and devices of two images; each list by path. Times are not compared. */
export interface FileChanges {
  added: Array<{ path: string; bytes: number }>;
  removed: Array<{ path: string; bytes: number }>;
  changed: ChangedFile[];
}

/**
 * What differs between the files of two images, of whatever kinds. Contents of equal size are read and compared.
 *
 * @throws ReleasePlanError `image-corrupt`, `tool-missing`; AbortError
 */
export async function compareFiles(from: OpenImage, to: OpenImage, signal?: AbortSignal): Promise<FileChanges> {
  const before = inodesByPath(from);
  const after = inodesByPath(to);
  const pairs = [...after].flatMap(([path, inode]) => {
    const old = before.get(path);
    return old === undefined ? [] : [{ path, old, now: inode }];
  });
  const sameSize = pairs.filter(({ old, now }) => mayBeEqual(from.tree.inodes[old], to.tree.inodes[now]));
  const digests = {
    from: await contentDigests(
      from,
      sameSize.map(({ old }) => old),
      signal,
    ),
    to: await contentDigests(
      to,
      sameSize.map(({ now }) => now),
      signal,
    ),
  };
  const changed: ChangedFile[] = [];
  for (const { path, old, now } of pairs) {
    const [a, b] = [from.tree.inodes[old], to.tree.inodes[now]];
    if (a === undefined || b === undefined) continue;
    const differs = differencesOf(a, b);
    if (mayBeEqual(a, b)) differs.push(...contentDifference(digests.from.get(old), digests.to.get(now)));
    if (a.kind === 'link' && b.kind === 'link' && from.tree.linkTargetOf(old) !== to.tree.linkTargetOf(now))
      differs.push('link');
    if (differs.length > 0) changed.push({ path, differs, fromBytes: a.sizeBytes, toBytes: b.sizeBytes });
  }
  return { added: onlyIn(to, after, before), removed: onlyIn(from, before, after), changed: byPath(changed) };
}

function inodesByPath({ tree }: OpenImage): Map<string, number> {
  const inodes = new Map<string, number>();
  for (const entry of tree.walk()) inodes.set(tree.pathOf(entry), tree.inodeOf(entry));
  // ext4's own, in no other image.
  inodes.delete('/lost+found');
  return inodes;
}

const mayBeEqual = (a: ImageInode | undefined, b: ImageInode | undefined): boolean =>
  a?.kind === 'file' && b?.kind === 'file' && a.sizeBytes === b.sizeBytes;

function differencesOf(a: ImageInode, b: ImageInode): FileDifference[] {
  const differs: FileDifference[] = [];
  if (a.kind !== b.kind) differs.push('kind');
  if (a.mode !== b.mode) differs.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) differs.push('owner');
  if (a.kind === 'file' && b.kind === 'file' && a.sizeBytes !== b.sizeBytes) differs.push('content', 'size');
  return differs;
}

function contentDifference(a: string | undefined, b: string | undefined): FileDifference[] {
  if (a === undefined || b === undefined) return ['unreadable'];
  return a === b ? [] : ['content'];
}

const byPath = <T extends { path: string }>(rows: T[]): T[] =>
  rows.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));

function onlyIn(
  { tree }: OpenImage,
  here: ReadonlyMap<string, number>,
  there: ReadonlyMap<string, number>,
): FileChanges['added'] {
  const rows = [...here].flatMap(([path, inode]) =>
    there.has(path) ? [] : [{ path, bytes: tree.inodes[inode]?.sizeBytes ?? 0 }],
  );
  return byPath(rows);
}
