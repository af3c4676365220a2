/**
 * An OSTree repository as files. A device that pulls meanwhile must never meet a name whose content is not there yet:
 * objects come before the deltas, parts of a delta before its superblock, and the summary, which names all, last.
 *
 * @see ostree-repo(5)
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { severalAtOnce } from '../../io/several.ts';
import { filesBelow } from '../../io/tree.ts';
import type { MirrorProgress, MirrorResult } from '../destination.ts';
import type { FileStore } from './store.ts';

/** Files sent at once: most are small, and each is a round trip. */
const AT_ONCE = 8;

/** Folders whose files never change under a name. */
const FIXED = ['objects'];

/** Folders whose files may be made anew, in the order in which they name one another. */
const REMADE = ['deltas', 'delta-indexes', 'refs/heads'];

/** Files that name everything, in the order in which clients may see them. */
const HEADS = ['config', 'summary.sig', 'summary'];

interface RepositoryFile {
  name: string;
  sizeBytes: number;
}

/**
 * Brings a repository to a store. What the repository has no more stays there: devices may be pulling it.
 *
 * @throws ReleasePlanError `publish-refused` when it is no repository that devices can pull from, `publish-contended`
 */
export async function mirrorRepository(
  store: FileStore,
  repo: string,
  progress: MirrorProgress,
  { dryRun }: { dryRun: boolean },
): Promise<MirrorResult> {
  await requireArchiveMode(repo);
  const fixed = await missingOf(store, repo, FIXED, isSameSize);
  const remade = await missingOf(
    store,
    repo,
    REMADE,
    async (file, sizeBytes) => sizeBytes === file.sizeBytes && (await isSameContent(store, repo, file)),
  );
  const steps = [
    fixed.missing,
    remade.missing.filter((one) => !isSuperblock(one)),
    remade.missing.filter(isSuperblock),
  ];
  const all = steps.flat();
  const bytes = all.reduce((sum, one) => sum + one.sizeBytes, 0);
  progress.onTotal(bytes);
  if (!dryRun) {
    for (const step of steps) await sendAll(store, repo, step, progress);
    for (const name of HEADS) await replaceHead(store, repo, name);
  }
  return { sentFiles: all.length, sentBytes: bytes, presentFiles: fixed.present + remade.present };
}

/** Of an archive, in the words of its config: other modes cannot be served by a web server. */
async function requireArchiveMode(repo: string): Promise<void> {
  const config = await ifPresent(readFile(join(repo, 'config'), 'utf8'));
  if (config !== undefined && /^mode=archive(-z2)?$/m.test(config)) return;
  throw new ReleasePlanError(
    'publish-refused',
    config === undefined
      ? `${repo} is no OSTree repository`
      : `${repo} is not in mode archive, which devices pull from`,
  );
}

async function missingOf(
  store: FileStore,
  repo: string,
  folders: readonly string[],
  isThere: (file: RepositoryFile, sizeBytes: number | undefined) => boolean | Promise<boolean>,
): Promise<{ missing: RepositoryFile[]; present: number }> {
  const missing: RepositoryFile[] = [];
  let present = 0;
  for (const folder of folders) {
    const known = new Map<string, number>();
    for await (const { name, sizeBytes } of store.list(folder)) known.set(name, sizeBytes);
    for await (const one of filesBelow(join(repo, folder))) {
      const file = { name: `${folder}/${one.name}`, sizeBytes: one.sizeBytes };
      if (await isThere(file, known.get(file.name))) present += 1;
      else missing.push(file);
    }
  }
  return { missing, present };
}

/** An object is named by its content, and came there whole. */
const isSameSize = (file: RepositoryFile, sizeBytes: number | undefined): boolean => file.sizeBytes === sizeBytes;

async function isSameContent(store: FileStore, repo: string, { name }: RepositoryFile): Promise<boolean> {
  const [there, here] = [await store.find(name), await digestFile(join(repo, name))];
  return there?.sha256 === here.sha256;
}

/** What makes a delta usable; indexes and refs name commits, and come with it. */
const isSuperblock = ({ name }: RepositoryFile): boolean => name.endsWith('/superblock') || !name.startsWith('deltas/');

async function sendAll(
  store: FileStore,
  repo: string,
  files: readonly RepositoryFile[],
  { onBytes }: MirrorProgress,
): Promise<void> {
  await severalAtOnce(files, AT_ONCE, async ({ name, sizeBytes }) => {
    const path = join(repo, name);
    const { sha256 } = await digestFile(path);
    await store.put(name, { path, sizeBytes, sha256 }, onBytes);
  });
}

async function replaceHead(store: FileStore, repo: string, name: string): Promise<void> {
  const bytes = await ifPresent(readFile(join(repo, name)));
  if (bytes === undefined) return;
  const seen = await store.read(name);
  if (seen?.bytes.equals(bytes) === true) return;
  if (await store.replace(name, bytes, seen)) return;
  throw new ReleasePlanError('publish-contended', `${store.placeOf(name)} was written by somebody else meanwhile`);
}
