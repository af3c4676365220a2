/** A store in a bucket of any server that speaks S3. */
import type { RetryPolicy } from '../../io/http/retry.ts';
import { digestBytes, type FileDigest, type LocalFile } from '../../io/hash.ts';
import type { Revision } from '../../io/revision.ts';
import type { Bucket } from '../../io/s3/bucket.ts';
import { uploadFile } from '../../io/s3/upload.ts';
import { IDENTITY_NAME, objectName, objectOf } from './names.ts';
import type { OnBytes, PruneStore, StoredName, StoredObject } from './store.ts';

/** A release waits rather than fails: about half a minute of a server that answers 503. */
export const STORE_RETRIES: RetryPolicy = { attempts: 8, firstPauseMs: 500, maxPauseMs: 60_000 };

const OBJECT_META = { 'content-type': 'application/octet-stream' };
const NAME_META = { 'content-type': 'application/json', 'cache-control': 'no-cache' };

export class S3Store implements PruneStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  #honours: boolean | undefined;

  /** @param prefix names joined by slashes; empty for the bucket itself */
  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  get address(): string {
    return this.#prefix === '' ? this.#bucket.address : `${this.#bucket.address}/${this.#prefix}`;
  }

  async *list(folder: string): AsyncGenerator<StoredName> {
    const skipped = this.#key('').length;
    for await (const { key, etag, modifiedAtMs } of this.#bucket.list(`${this.#key(folder)}/`))
      yield { name: key.slice(skipped), tag: etag, modifiedAtMs };
  }

  async read(name: string): Promise<Revision | undefined> {
    const found = await this.#bucket.get(this.#key(name));
    return found === undefined ? undefined : { bytes: found.bytes, tag: found.etag };
  }

  async ageMs({ sha256, sizeBytes }: FileDigest): Promise<number | undefined> {
    const head = await this.#bucket.head(this.#key(objectName(sha256)));
    return head?.sizeBytes === sizeBytes && head.sha256 === sha256 ? head.answeredAtMs - head.modifiedAtMs : undefined;
  }

  async digest({ sha256 }: FileDigest, onBytes: OnBytes): Promise<string | undefined> {
    return await this.#bucket.digest(this.#key(objectName(sha256)), onBytes);
  }

  async fetch({ sha256 }: FileDigest, path: string, onBytes: OnBytes): Promise<boolean> {
    return await this.#bucket.download(this.#key(objectName(sha256)), path, onBytes);
  }

  /**
   * The identity is written again as it is, on condition that there is none: a server that heeds conditions refuses,
   * and one that does not has the same bytes as before.
   */
  async honoursConditions(): Promise<boolean> {
    if (this.#honours !== undefined) return this.#honours;
    const identity = await this.read(IDENTITY_NAME);
    // Nothing to ask with yet: that says nothing of later.
    if (identity === undefined) return false;
    this.#honours = !(await this.write(IDENTITY_NAME, identity.bytes, undefined));
    return this.#honours;
  }

  async put(file: LocalFile, onBytes: OnBytes): Promise<void> {
    const key = this.#key(objectName(file.sha256));
    await uploadFile(this.#bucket, key, file, { meta: OBJECT_META, onBytes, damaged: 'store-damaged' });
  }

  async write(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean> {
    const { sha256 } = digestBytes(bytes);
    return await this.#bucket.putIf(this.#key(name), { body: bytes, sha256 }, NAME_META, seen?.tag);
  }

  async remove(name: string): Promise<void> {
    await this.#bucket.remove(this.#key(name));
  }

  async touch({ sha256 }: FileDigest): Promise<boolean> {
    return await this.#bucket.copyOntoItself(this.#key(objectName(sha256)), sha256, OBJECT_META);
  }

  async *objects(): AsyncGenerator<StoredObject> {
    const skipped = this.#key('').length;
    for await (const { key, sizeBytes, modifiedAtMs } of this.#bucket.list(this.#key('objects/'))) {
      const sha256 = objectOf(key.slice(skipped));
      if (sha256 !== undefined) yield { sha256, sizeBytes, modifiedAtMs };
    }
  }

  async removeObject({ sha256 }: FileDigest): Promise<void> {
    await this.#bucket.remove(this.#key(objectName(sha256)));
  }

  async abandonUploads(beforeMs: number): Promise<number> {
    const old = (await this.#bucket.allUnfinished(this.#key('objects/'))).filter(
      ({ begunAtMs }) => begunAtMs < beforeMs,
    );
    for (const { key, uploadId } of old) await this.#bucket.abandon(key, uploadId);
    return old.length;
  }

  async clockMs(): Promise<number | undefined> {
    return await this.#bucket.clockMs(this.#key(IDENTITY_NAME));
  }

  #key(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}/${name}`;
  }
}
