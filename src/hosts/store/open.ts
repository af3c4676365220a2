/** The store that a plan names. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { Host } from '../../delivery/host.ts';
import { openBucketAt } from '../../io/s3/open.ts';
import { FolderStore } from './folder.ts';
import { S3Store, STORE_RETRIES } from './s3.ts';
import type { PruneStore } from './store.ts';

export type StoreHost = Pick<Host, 'env' | 'signal' | 'report'>;

/**
 * Opens the store of a plan; whether it can be reached is found by the first call.
 *
 * @throws ReleasePlanError `usage` for a plan without one; `secret-missing`, `secret-exposed`, `server-address`,
 *   `server-insecure`
 */
export async function openStore({ store, file }: Plan, host: StoreHost): Promise<PruneStore> {
  if (store === undefined)
    throw new ReleasePlanError('usage', `${file} names no store`, {
      hint: 'Write `artifacts: { path: artifacts, store: "s3://BUCKET/PREFIX" }`.',
    });
  if (store.kind === 'folder') return new FolderStore(store.path, host.signal);
  const { kind: _kind, prefix, ...place } = store;
  const bucket = await openBucketAt({ what: 'artifacts.store', retries: STORE_RETRIES, ...place }, host);
  return new S3Store(bucket, prefix);
}
