/** A store in a folder: a disk that is carried, a share, or the copy of a bucket. */
import { copyFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import { cleanOldStaging, createFileAtomic, publishFile, STAGING_PREFIX } from '../../io/atomic.ts';
import { copyWithDigest, digestFile, sizeOf, type FileDigest, type LocalFile } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { readRevision, replaceRevision, type Revision } from '../../io/revision.ts';
import { filesBelow } from '../../io/tree.ts';
import { objectName, objectOf } from './names.ts';
import type { OnBytes, PruneStore, StoredName, StoredObject } from './store.ts';

export class FolderStore implements PruneStore {
  readonly #root: string;
  readonly #signal: AbortSignal;

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
  }

  get address(): string {
    return `file://${this.#root}`;
  }

  async *list(folder: string): AsyncGenerator<StoredName> {
    for await (const { name } of filesBelow(join(this.#root, folder))) {
      const path = `${folder}/${name}`;
      const found = await this.read(path);
      const stats = await ifPresent(stat(join(this.#root, path)));
      // Removed since the folder was read: a claim.
      if (found === undefined || stats === undefined) continue;
      yield { name: path, tag: found.tag, modifiedAtMs: stats.mtimeMs };
    }
  }

  async read(name: string): Promise<Revision | undefined> {
    return await readRevision(join(this.#root, name));
  }

  async ageMs({ sha256, sizeBytes }: FileDigest): Promise<number | undefined> {
    const found = await ifPresent(stat(this.#object(sha256)));
    return found?.size === sizeBytes ? Date.now() - found.mtimeMs : undefined;
  }

  async digest({ sha256 }: FileDigest, onBytes: OnBytes): Promise<string | undefined> {
    return (await ifPresent(digestFile(this.#object(sha256), this.#signal, onBytes)))?.sha256;
  }

  async fetch({ sha256, sizeBytes }: FileDigest, path: string, onBytes: OnBytes): Promise<boolean> {
    if ((await sizeOf(this.#object(sha256))) === undefined) return false;
    await copyFile(this.#object(sha256), path);
    onBytes(sizeBytes);
    return true;
  }

  async honoursConditions(): Promise<boolean> {
    return true;
  }

  async put(file: LocalFile, onBytes: OnBytes): Promise<void> {
    const path = this.#object(file.sha256);
    await cleanOldStaging(path);
    await publishFile(path, async (temporary) => {
      const { sha256 } = await copyWithDigest(file.path, temporary, this.#signal);
      if (sha256 === file.sha256) return;
      throw new ReleasePlanError('store-damaged', `${path} is not what was sent; it was removed`);
    });
    onBytes(file.sizeBytes);
  }

  async write(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean> {
    const path = join(this.#root, name);
    if (seen === undefined) return await created(path, bytes);
    const lock = { file: join(this.#root, '.release-plan.lock'), what: `write ${name}`, signal: this.#signal };
    return await replaceRevision(path, bytes, seen, lock);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#root, name), { force: true });
  }

  async touch({ sha256 }: FileDigest): Promise<boolean> {
    const now = new Date();
    return (await ifPresent(utimes(this.#object(sha256), now, now).then(() => true))) ?? false;
  }

  async *objects(): AsyncGenerator<StoredObject> {
    for await (const { name, sizeBytes } of filesBelow(join(this.#root, 'objects'))) {
      const sha256 = objectOf(`objects/${name}`);
      const found = sha256 === undefined ? undefined : await ifPresent(stat(this.#object(sha256)));
      if (sha256 !== undefined && found !== undefined) yield { sha256, sizeBytes, modifiedAtMs: found.mtimeMs };
    }
  }

  async removeObject({ sha256 }: FileDigest): Promise<void> {
    await rm(this.#object(sha256), { force: true });
  }

  async abandonUploads(beforeMs: number): Promise<number> {
    let count = 0;
    const objects = join(this.#root, 'objects');
    for (const folder of (await ifPresent(readdir(objects))) ?? [])
      for (const name of await readdir(join(objects, folder))) {
        if (!name.startsWith(STAGING_PREFIX)) continue;
        const path = join(objects, folder, name);
        const found = await ifPresent(stat(path));
        if (found === undefined || found.mtimeMs >= beforeMs) continue;
        await rm(path, { force: true });
        count += 1;
      }
    return count;
  }

  async clockMs(): Promise<undefined> {
    return undefined;
  }

  #object(sha256: string): string {
    return join(this.#root, objectName(sha256));
  }
}

/** @returns false when somebody else has created it */
async function created(path: string, bytes: Buffer): Promise<boolean> {
  try {
    await createFileAtomic(path, bytes);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
