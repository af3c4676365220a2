import { join } from 'node:path';
import type { ArchivedFile } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { BuildLock, LockedRepository } from '../../kas/lock.ts';
import { openSealedJson } from '../../text/json.ts';
import { readRecord, type ArchivedVersion } from './archived.ts';

/** A repository that a version was built from. */
export interface BuiltRepository {
  /** As kas names it, or where it was, relative to where kas ran. */
  name: string;
  /** `<commit>`, `<commit>-dirty` or `<commit>-patched-<tree>`. */
  commit: string;
  /** Where kas fetched it from; may hold secrets. */
  remote?: string;
}

/**
 * The repositories of a version by their place, relative to where kas ran: those with layers, from the manifest, and
 * all of them where a lock is archived.
 *
 * @throws ReleasePlanError `archive-damaged`; a system error
 */
export async function repositoriesOf(
  version: ArchivedVersion,
  signal?: AbortSignal,
): Promise<Map<string, BuiltRepository>> {
  const { files, configuration } = version.manifest;
  const repositories = new Map<string, BuiltRepository>();
  for (const [place, commit] of Object.entries(configuration.layers)) repositories.set(place, { name: place, commit });
  const lock = files.find(({ role }) => role === 'lock');
  for (const locked of lock === undefined ? [] : (await readLocked(version, lock, signal)).repositories) {
    const place = join(locked.path, locked.top ?? '');
    const known = repositories.get(place);
    // The manifest also says whether files were changed.
    const commit = known?.commit ?? commitOf(locked);
    if (commit === undefined) continue;
    repositories.set(place, {
      name: known === undefined || known.name === place ? locked.name : known.name,
      commit,
      ...(locked.url === undefined ? {} : { remote: locked.url }),
    });
  }
  return repositories;
}

const commitOf = ({ commit, patchedTree }: LockedRepository): string | undefined =>
  commit === undefined || patchedTree === undefined ? commit : `${commit}-patched-${patchedTree.slice(0, 12)}`;

async function readLocked(version: ArchivedVersion, lock: ArchivedFile, signal?: AbortSignal): Promise<BuildLock> {
  const opened = openSealedJson(await readRecord(version, lock, signal));
  if ('problem' in opened)
    throw new ReleasePlanError('archive-damaged', `${join(version.dir, lock.path)} ${opened.problem}`);
  // The seal holds, so the shape is what a release of this program wrote.
  return opened.value as unknown as BuildLock;
}
