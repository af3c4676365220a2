/** A ref: what has a name in a store, by the sha256 of its manifest. The manifest names everything else. */
import type { Ref, Removed } from '../../archive/store-seen.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { openSealedDocument } from '../../io/documents/read.ts';
import type { FileDigest } from '../../io/hash.ts';
import { sealJson } from '../../text/json.ts';

/** What stands under a name: something archived, or that it was removed. */
export type Named = { ref: Ref } | { removed: Removed };

/** Equal refs give equal bytes. */
export const formatRef = (ref: Ref): Buffer => Buffer.from(sealJson({ schema: 1, ...plainRef(ref) }));

/** In place of a ref: no host brings it back that has it still, and it can be restored. */
export const formatRemoved = ({ removedAt, emptiedAt, ...ref }: Removed): Buffer =>
  Buffer.from(
    sealJson({
      schema: 1,
      removed: { ...plainRef(ref), removedAt, ...(emptiedAt === undefined ? {} : { emptiedAt }) },
    }),
  );

const plainRef = ({ manifest, signature }: Ref): Ref => ({
  manifest: plain(manifest),
  ...(signature === undefined ? {} : { signature: plain(signature) }),
});

const plain = ({ sizeBytes, sha256 }: FileDigest): FileDigest => ({ sizeBytes, sha256 });

/** @throws ReleasePlanError `store-damaged` */
export async function parseNamed(bytes: Buffer, place: string): Promise<Named> {
  const opened = await openSealedDocument<Ref | { removed: Removed }>('storeRef', bytes.toString('utf8'));
  if ('problem' in opened) throw new ReleasePlanError('store-damaged', `${place} ${opened.problem}`);
  return 'removed' in opened.value ? { removed: opened.value.removed } : { ref: opened.value };
}

/** Whether two refs say the same of the manifest; a signature may have been added since. */
export const sameManifest = (a: Ref, b: Ref): boolean => a.manifest.sha256 === b.manifest.sha256;
