/**
 * How anything gets its final name: written beside it, synced, renamed, and
 * the folder synced. What has its final name is whole, whenever the power fails.
 */
import { chmod, link, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { errnoOf } from '../core/errors.ts';
import { madeBelowAnchor, requireAnchored } from './anchor.ts';
import { attributed } from './attribute.ts';
import { ifPresent } from './present.ts';

/** Prefix of everything unfinished; nothing with it is ever read, and cleanStaging removes it. */
export const STAGING_PREFIX = '.release-plan-tmp-';

/** How the names of what is unfinished of one path begin; a name has 255 bytes at most. */
const stagingPrefix = (path: string): string => `${STAGING_PREFIX}${basename(path).slice(0, 120)}-`;

const stagingName = (path: string): string =>
  join(dirname(path), `${stagingPrefix(path)}${process.pid}-${randomBytes(4).toString('hex')}`);

/** How the name of what makes way for its successor ends. */
const ASIDE = '.aside';

/**
 * Whether a folder has made way and its successor does not have the name yet: {@link publishFolder} needs two renames.
 */
export async function isBeingReplaced(path: string): Promise<boolean> {
  const prefix = stagingPrefix(path);
  return ((await ifPresent(readdir(dirname(path)))) ?? []).some(
    (name) => name.startsWith(prefix) && name.endsWith(ASIDE),
  );
}

/** Makes sure that a file's bytes, or a folder's names, outlive a power failure. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await attributed(path, async () => await handle.sync());
  } finally {
    await handle.close();
  }
}

/** Writes a file whole or not at all, replacing what has the name. Mode 0644 unless given. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const publish = async (): Promise<void> =>
    await publishFile(path, async (temporary) => await writeFile(temporary, content, { flag: 'wx', mode }), mode);
  await attributed(path, publish, Buffer.byteLength(content));
}

/**
 * As {@link writeFileAtomic}, for content that is streamed or written by a program:
 * `fill` writes the file at a temporary path beside the final one. When it
 * throws, nothing is left and what had the name keeps it.
 */
export async function publishFile<T>(path: string, fill: (temporary: string) => Promise<T>, mode = 0o644): Promise<T> {
  await makeFolder(dirname(path));
  const temporary = stagingName(path);
  try {
    const result = await attributed(path, async () => await fill(temporary));
    await settleFile(temporary, mode);
    await rename(temporary, path);
    await requireAnchored(path);
    await syncPath(dirname(path));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * As {@link writeFileAtomic}, where nothing may have the name: of two that create it at once, one does.
 *
 * @throws the system's EEXIST when something has the name
 */
export async function createFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = stagingName(path);
  try {
    await attributed(
      path,
      async () => await writeFile(temporary, content, { flag: 'wx', mode }),
      Buffer.byteLength(content),
    );
    await settleFile(temporary, mode);
    // A second name for a whole file: rename(2) would replace what is there, link(2) does not.
    await link(temporary, path);
    await requireAnchored(path);
    await syncPath(dirname(path));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes a folder and those above it, with modes that do not depend on the umask; what is there keeps its own. */
export async function makeFolder(path: string): Promise<void> {
  if (await madeBelowAnchor(path)) return;
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await chmod(at, 0o755);
}

/** The umask must not decide who can read an archive. */
async function settleFile(path: string, mode: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await attributed(path, async () => {
      await handle.chmod(mode);
      await handle.sync();
    });
  } finally {
    await handle.close();
  }
}

/**
 * Fills a folder beside its final place and gives it its name only when `fill`
 * has returned. When `fill` throws, nothing is left.
 *
 * @param path final name. What stands there is replaced only with `replace`: moved
 *   aside, and removed once the new folder has the name
 * @param fill gets the temporary folder; every file in it is synced afterwards
 */
export async function publishFolder<T>(
  path: string,
  fill: (staging: string) => Promise<T>,
  options: { replace?: boolean } = {},
): Promise<T> {
  const parent = dirname(path);
  await makeFolder(parent);
  const staging = stagingName(path);
  const aside = `${stagingName(path)}${ASIDE}`;
  await mkdir(staging);
  try {
    const result = await attributed(path, async () => await fill(staging));
    await settle(staging);
    if (options.replace === true) await renameIfThere(path, aside);
    try {
      await rename(staging, path);
    } catch (error) {
      await renameIfThere(aside, path);
      throw error;
    }
    await syncPath(parent);
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(aside, { recursive: true, force: true });
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}

/** Syncs a tree, and gives its files and folders modes that do not depend on the umask of whoever ran. */
async function settle(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await settle(path);
    else if (entry.isFile()) {
      await settleFile(path, 0o644);
    }
  }
  await chmod(folder, 0o755);
  await syncPath(folder);
}

/**
 * Removes what an interrupted run left in a folder. Call it only under the lock that guards the folder.
 *
 * @param of the one file that the lock guards, when others of the folder have locks of their own
 * @returns the names of what was removed
 */
export async function cleanStaging(folder: string, of?: string): Promise<string[]> {
  return await sweep(folder, of === undefined ? STAGING_PREFIX : stagingPrefix(of), () => true);
}

/**
 * As {@link cleanStaging}, for a folder that no lock guards: takes only what processes left that are no more.
 */
export async function cleanDeadStaging(folder: string): Promise<void> {
  await sweep(folder, STAGING_PREFIX, async (name) => {
    const [, pid] = /-(\d+)-[0-9a-f]{8}(?:\.aside)?$/.exec(name) ?? [];
    return pid !== undefined && (await ifPresent(stat(`/proc/${pid}`))) === undefined;
  });
}

/** What was not touched for so long is of a run that was killed. */
const LEFTOVER_MS = 86_400_000;

/**
 * As {@link cleanStaging}, for a file that several hosts write, whose processes are not seen from here.
 *
 * @param path its final name
 */
export async function cleanOldStaging(path: string): Promise<void> {
  await sweep(dirname(path), stagingPrefix(path), async (name) => {
    const found = await ifPresent(stat(join(dirname(path), name)));
    return found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_MS;
  });
}

async function sweep(
  folder: string,
  prefix: string,
  isStale: (name: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of (await ifPresent(readdir(folder))) ?? []) {
    if (!name.startsWith(prefix) || !(await isStale(name))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}
