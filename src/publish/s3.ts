/** A bucket of any server that speaks S3: AWS, Garage, Ceph, SeaweedFS. */
import type { DestinationHost, DestinationKind } from './destination.ts';
import type { DestinationSettings } from '../core/plan.ts';
import { FilesDestination } from './files/destination.ts';
import type { FileStore, StoredFile } from './files/store.ts';
import { optionalPath, optionalText, requiredText } from './options.ts';
import type { Revision } from '../io/revision.ts';
import type { Bucket } from '../io/s3/bucket.ts';
import { openBucketAt } from '../io/s3/open.ts';
import { uploadFile } from '../io/s3/upload.ts';
import { digestBytes, type LocalFile } from '../io/hash.ts';

/** `kind: s3`. */
export const s3: DestinationKind = {
  kind: 's3',
  open: async (settings, host) =>
    new FilesDestination(settings, new S3Store(await openBucket(settings, host), settings)),
};

/**
 * The bucket that a plan names, with the credentials of this machine.
 *
 * @throws ReleasePlanError `secret-missing`, `secret-exposed`, `server-address`, `server-insecure`
 */
export async function openBucket(settings: DestinationSettings, host: DestinationHost): Promise<Bucket> {
  return await openBucketAt(
    {
      what: `destination ${settings.name}`,
      bucket: requiredText(settings, 'bucket'),
      endpoint: optionalText(settings, 'endpoint'),
      region: optionalText(settings, 'region'),
      pathStyle: optionalFlag(settings, 'path_style'),
      caFile: optionalPath(settings, 'ca', host),
      credentialsFile: optionalPath(settings, 'credentials_file', host),
    },
    host,
  );
}

const optionalFlag = ({ options }: DestinationSettings, key: string): boolean | undefined =>
  typeof options[key] === 'boolean' ? options[key] : undefined;

/** Names of packages say their version and never change their bytes; the index is asked for anew each time. */
const PACKAGE_META = {
  'content-type': 'application/octet-stream',
  'cache-control': 'public, max-age=31536000, immutable',
};
const INDEX_META = { 'content-type': 'application/json', 'cache-control': 'no-cache' };

class S3Store implements FileStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;

  constructor(bucket: Bucket, settings: DestinationSettings) {
    this.#bucket = bucket;
    this.#prefix = (optionalText(settings, 'prefix') ?? '').replace(/^\/+|\/+$/g, '');
  }

  get address(): string {
    return this.#prefix === '' ? this.#bucket.address : `${this.#bucket.address}/${this.#prefix}`;
  }

  placeOf(name: string): string {
    return `${this.address}/${name}`;
  }

  async find(name: string): Promise<StoredFile | undefined> {
    return await this.#bucket.head(this.#key(name));
  }

  async *list(folder: string): AsyncGenerator<{ name: string; sizeBytes: number }> {
    const skipped = this.#key('').length;
    for await (const { key, sizeBytes } of this.#bucket.list(`${this.#key(folder)}/`))
      yield { name: key.slice(skipped), sizeBytes };
  }

  async partialBytes(name: string): Promise<number> {
    const [uploadId] = await this.#bucket.unfinished(this.#key(name));
    const parts = uploadId === undefined ? undefined : await this.#bucket.parts(this.#key(name), uploadId);
    return (parts ?? []).reduce((sum, part) => sum + part.sizeBytes, 0);
  }

  async put(name: string, file: LocalFile, onBytes: (bytes: number) => void): Promise<void> {
    await uploadFile(this.#bucket, this.#key(name), file, { meta: PACKAGE_META, onBytes, damaged: 'publish-damaged' });
  }

  async read(name: string): Promise<Revision | undefined> {
    const found = await this.#bucket.get(this.#key(name));
    return found === undefined ? undefined : { bytes: found.bytes, tag: found.etag };
  }

  async replace(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean> {
    const { sha256 } = digestBytes(bytes);
    return await this.#bucket.putIf(this.#key(name), { body: bytes, sha256 }, INDEX_META, seen?.tag);
  }

  #key(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}/${name}`;
  }
}
