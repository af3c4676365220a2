/** A ref: what has a name in a store, by the sha256 of its manifest. The manifest names everything else. */
import type { Ref } from '../../archive/store-seen.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { openSealedDocument } from '../../io/documents/read.ts';
import type { FileDigest } from '../../io/hash.ts';
import { sealJson } from '../../text/json.ts';

/** Equal refs give equal bytes. */
export const formatRef = ({ manifest, signature }: Ref): Buffer =>
  Buffer.from(
    sealJson({
      schema: 1,
      manifest: plain(manifest),
      ...(signature === undefined ? {} : { signature: plain(signature) }),
    }),
  );

const plain = ({ sizeBytes, sha256 }: FileDigest): FileDigest => ({ sizeBytes, sha256 });

/** @throws ReleasePlanError `store-damaged` */
export async function parseRef(bytes: Buffer, place: string): Promise<Ref> {
  const opened = await openSealedDocument<Ref>('storeRef', bytes.toString('utf8'));
  if ('problem' in opened) throw new ReleasePlanError('store-damaged', `${place} ${opened.problem}`);
  return opened.value;
}

/** Whether two refs say the same of the manifest; a signature may have been added since. */
export const sameManifest = (a: Ref, b: Ref): boolean => a.manifest.sha256 === b.manifest.sha256;
