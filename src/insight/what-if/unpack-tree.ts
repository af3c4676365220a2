import { chmod, link, lutimes, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { contentOf } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import { ROOT } from '../filesystem/image-tree.ts';

/**
 * Writes the files, folders and links of an image below a folder, with their modes and times. Owners and device nodes,
 * which take root, are left out: they weigh next to nothing in an image.
 *
 * @param modifiedS one time for all, in place of their own
 * @throws ReleasePlanError `image-corrupt`, `image-unsupported`, `tool-missing`; a system error; AbortError
 */
export async function unpackTree(
  image: OpenImage,
  folder: string,
  { modifiedS, signal }: { modifiedS?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { tree } = image;
  const entries = [...tree.walk()].filter((entry) => tree.pathOf(entry) !== '/lost+found');
  const kindOf = (entry: number): string | undefined => tree.inodes[tree.inodeOf(entry)]?.kind;
  // Names of an image hold no slash and are never `..`, and no link was made yet: nothing leaves the folder.
  const pathOf = (entry: number): string => join(folder, tree.pathOf(entry));
  await mkdir(folder, { recursive: true });
  for (const entry of entries.filter((one) => kindOf(one) === 'folder'))
    await mkdir(pathOf(entry), { recursive: true });
  await writeFiles(
    image,
    entries.filter((one) => kindOf(one) === 'file'),
    pathOf,
    signal,
  );
  for (const entry of entries)
    if (kindOf(entry) === 'link') await symlink(tree.linkTargetOf(tree.inodeOf(entry)) ?? '', pathOf(entry));
  for (const entry of [...entries.toReversed(), ROOT]) {
    const inode = tree.inodes[tree.inodeOf(entry)];
    if (inode === undefined || inode.kind === 'other') continue;
    const time = modifiedS ?? inode.modifiedS;
    if (inode.kind === 'link') await lutimes(pathOf(entry), time, time);
    else {
      await chmod(pathOf(entry), inode.kind === 'folder' ? inode.mode | 0o700 : inode.mode | 0o400);
      await utimes(pathOf(entry), time, time);
    }
  }
}

async function writeFiles(
  image: OpenImage,
  entries: readonly number[],
  pathOf: (entry: number) => string,
  signal?: AbortSignal,
): Promise<void> {
  const { tree } = image;
  const first = new Map<number, number>();
  for (const entry of entries) {
    const inode = tree.inodeOf(entry);
    const known = first.get(inode);
    if (known !== undefined) {
      await link(pathOf(known), pathOf(entry));
      continue;
    }
    first.set(inode, entry);
    await (await open(pathOf(entry), 'wx')).close();
  }
  let current: { inode: number; handle: Awaited<ReturnType<typeof open>> } | undefined;
  try {
    for await (const { inode, bytes } of contentOf(image, [...first.keys()], signal)) {
      if (current?.inode !== inode) {
        await current?.handle.close();
        current = { inode, handle: await open(pathOf(first.get(inode) ?? ROOT), 'a') };
      }
      await current.handle.write(bytes);
    }
  } finally {
    await current?.handle.close();
  }
}
