import { contentDigests } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import type { ImageInode } from '../filesystem/image-tree.ts';

/** In what a file of the same path differs. `unreadable`: its contents could not be compared. */
export type FileDifference = 'kind' | 'content' | 'mode' | 'owner' | 'size' | 'link' | 'unreadable';

/** A file, folder, link or device as its inode has it. */
export interface FileFacts {
  bytes: number;
  /** Permissions in octal, as chmod takes them: `4755`. */
  mode: string;
  /** `uid:gid` */
  owner: string;
}

export interface ChangedFile {
  path: string;
  differs: FileDifference[];
  from: FileFacts;
  to: FileFacts;
}

/** Files, folders, links and devices of two images; each list by path. Times are not compared. */
export interface FileChanges {
  added: Array<{ path: string } & FileFacts>;
  removed: Array<{ path: string } & FileFacts>;
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
    if (differs.length > 0) changed.push({ path, differs, from: factsOf(a), to: factsOf(b) });
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

const factsOf = ({ kind, sizeBytes, mode, uid, gid }: ImageInode): FileFacts => ({
  // What a folder takes is the file system's affair.
  bytes: kind === 'file' ? sizeBytes : 0,
  mode: mode.toString(8).padStart(4, '0'),
  owner: `${uid}:${gid}`,
});

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
  const rows = [...here].flatMap(([path, number]) => {
    const inode = tree.inodes[number];
    return inode === undefined || there.has(path) ? [] : [{ path, ...factsOf(inode) }];
  });
  return byPath(rows);
}
