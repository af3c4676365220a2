/** An archive is one and the same in its store and in every folder that is a cache of it. */
import {
  adoptArchive,
  archiveIdHere,
  formatIdentity,
  parseIdentity,
  type ArchivePlan,
} from '../../archive/identity.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { IDENTITY_NAME } from './names.ts';
import type { Store, WriteStore } from './store.ts';
import { take } from './take.ts';

/** The id of the archive in a store; undefined for a store that is empty. @throws ReleasePlanError `store-damaged` */
export async function archiveIdThere(store: Store): Promise<string | undefined> {
  const found = await store.read(IDENTITY_NAME);
  if (found === undefined) return undefined;
  const id = parseIdentity(found.bytes.toString('utf8'));
  if (id !== undefined) return id;
  throw new ReleasePlanError('store-damaged', `${store.address}/${IDENTITY_NAME} is not the identity of an archive`);
}

/**
 * Before the archive is opened: a folder that is none yet becomes one of the store's archive.
 *
 * @throws ReleasePlanError `archive-other`, `store-damaged`, `server-*`
 */
export async function joinArchive(plan: ArchivePlan, store: Store): Promise<void> {
  const there = await archiveIdThere(store);
  if (there === undefined) return;
  const here = await archiveIdHere(plan);
  if (here === undefined) return await adoptArchive(plan, there);
  if (here !== there) throw other(plan, store, here, there);
}

/**
 * Makes a store that is empty the home of an archive.
 *
 * @param id of the archive here
 * @throws ReleasePlanError `archive-other` when it is another's
 */
export async function requireSameArchive(
  plan: ArchivePlan,
  store: WriteStore,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  let there = await archiveIdThere(store);
  if (there === undefined) {
    await take(store, IDENTITY_NAME, Buffer.from(formatIdentity(id)), undefined, signal);
    there = await archiveIdThere(store);
  }
  if (there !== id) throw other(plan, store, id, there ?? 'nothing');
}

const other = ({ artifacts }: ArchivePlan, { address }: Store, here: string, there: string): ReleasePlanError =>
  new ReleasePlanError('archive-other', `${address} is the archive ${there}; ${artifacts} is the archive ${here}`, {
    hint: 'Name another store or another prefix, or another path.',
  });
