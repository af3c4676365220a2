import { contentOf } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import { ImageTree } from '../filesystem/image-tree.ts';

/** No list or status file of a package database is larger. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Regular files directly in a folder of an image, by name. */
export function filesIn(image: OpenImage, folder: string): Map<string, number> {
  const { tree } = image;
  const at = tree.resolve(folder);
  const files = new Map<string, number>();
  if (at === undefined) return files;
  for (const name of tree.namesByFolder().get(at) ?? []) {
    const entry = tree.find(`${tree.pathOf(at)}/${name}`);
    if (entry !== undefined && tree.inodes[tree.inodeOf(entry)]?.kind === 'file') files.set(name, entry);
  }
  return files;
}

/** The contents of files as text, by entry; files that are too large to be what they should be are left out. */
export async function readTexts(
  image: OpenImage,
  entries: Iterable<number>,
  signal?: AbortSignal,
): Promise<Map<number, string>> {
  const entryOf = new Map<number, number>();
  let total = 0;
  for (const entry of entries) {
    const inode = image.tree.inodeOf(entry);
    total += image.tree.inodes[inode]?.sizeBytes ?? 0;
    if (total <= MOST_BYTES) entryOf.set(inode, entry);
  }
  const parts = new Map<number, Buffer[]>();
  for await (const { inode, bytes } of contentOf(image, [...entryOf.keys()], signal)) {
    const held = parts.get(inode);
    if (held === undefined) parts.set(inode, [Buffer.from(bytes)]);
    else held.push(Buffer.from(bytes));
  }
  const texts = new Map<number, string>();
  for (const [inode, entry] of entryOf) texts.set(entry, Buffer.concat(parts.get(inode) ?? []).toString('utf8'));
  return texts;
}

/** Paths of packages to entries, links on the way followed: a merged /usr has /usr/bin where lists say /bin. */
export function ownersOf(
  tree: ImageTree,
  lists: Iterable<readonly [name: string, paths: Iterable<string>]>,
): Map<number, string> {
  const owners = new Map<number, string>();
  for (const [name, paths] of lists) {
    for (const path of paths) {
      const entry = tree.resolve(path);
      // Folders belong to every package that has a file in them.
      if (entry !== undefined && tree.inodes[tree.inodeOf(entry)]?.kind !== 'folder') owners.set(entry, name);
    }
  }
  return owners;
}
