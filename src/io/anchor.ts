/**
 * A folder that may be where a disk is mounted, and that may go away in the
 * middle of a run. The mount point stays, an empty folder, in which a run that
 * makes the folders that it misses would begin anew.
 */
import { chmod, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../core/errors.ts';

interface Anchor {
  root: string;
  /** Device and inode of the root. */
  identity: string;
  /** What is thrown when it has gone. */
  lost: () => Error;
}

const anchors = new Set<Anchor>();

/**
 * Runs `body`; meanwhile nothing is made anew in the place of a folder that goes away.
 *
 * @param root a folder that is there
 * @param lost makes the error for a root that is no longer the same folder
 */
export async function whileAnchored<T>(root: string, lost: () => Error, body: () => Promise<T>): Promise<T> {
  const anchor: Anchor = { root, identity: await identityOf(root), lost };
  anchors.add(anchor);
  try {
    return await body();
  } finally {
    anchors.delete(anchor);
  }
}

/**
 * Makes a folder below an anchored one, and those between, with mode 0755.
 *
 * Each is tried before what is above it: where the root has gone, that fails,
 * and only then is it looked whether it has. So there is no moment at which a
 * folder could be made in the wrong place, but for one directly in the root,
 * which is taken away again.
 *
 * @returns false when the path is not below an anchored folder: then nothing was done
 * @throws what the anchor's `lost` makes, and system errors
 */
export async function madeBelowAnchor(path: string): Promise<boolean> {
  const anchor = [...anchors].find(({ root }) => path === root || path.startsWith(`${root}/`));
  if (anchor === undefined) return false;
  await makeBelow(anchor, path);
  return true;
}

/**
 * Takes a file away again that was published directly in an anchored root a moment after that went away.
 *
 * @throws what the anchor's `lost` makes
 */
export async function requireAnchored(file: string): Promise<void> {
  const anchor = [...anchors].find(({ root }) => dirname(file) === root);
  if (anchor !== undefined) await takeAwayIfLost(anchor, async () => await rm(file, { force: true }));
}

async function takeAwayIfLost(anchor: Anchor, takeAway: () => Promise<void>): Promise<void> {
  try {
    await requireSame(anchor);
  } catch (error) {
    await takeAway();
    throw error;
  }
}

async function makeBelow(anchor: Anchor, path: string): Promise<void> {
  if (path === anchor.root) return await requireSame(anchor);
  try {
    await mkdir(path);
    await chmod(path, 0o755);
    if (dirname(path) === anchor.root) await takeAwayIfLost(anchor, async () => await rmdir(path));
    return;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await requireSame(anchor);
  await makeBelow(anchor, dirname(path));
  await makeBelow(anchor, path);
}

async function requireSame({ root, identity, lost }: Anchor): Promise<void> {
  if ((await identityOf(root)) !== identity) throw lost();
}

async function identityOf(root: string): Promise<string> {
  const { dev, ino } = await stat(root, { bigint: true });
  return `${dev} ${ino}`;
}
