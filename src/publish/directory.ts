/** A folder, local or mounted, that a web server or a carried disk brings to devices. */
import { join, resolve } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { cleanOldStaging, publishFile } from '../io/atomic.ts';
import { copyWithDigest, digestFile, sizeOf, type LocalFile } from '../io/hash.ts';
import { readRevision, replaceRevision, type Revision } from '../io/revision.ts';
import { filesBelow } from '../io/tree.ts';
import type { DestinationHost, DestinationKind } from './destination.ts';
import { FilesDestination } from './files/destination.ts';
import type { FileStore, StoredFile } from './files/store.ts';
import { requiredText } from './options.ts';

/** `kind: directory`. */
export const directory: DestinationKind = {
  kind: 'directory',
  open: async (settings, host) =>
    new FilesDestination(settings, new DirectoryStore(resolve(host.planDir, requiredText(settings, 'path')), host)),
};

/** Held while the index is merged, among all that publish to the folder. */
const LOCK_FILE = '.release-plan-publish.lock';

class DirectoryStore implements FileStore {
  readonly address: string;
  readonly #host: DestinationHost;

  constructor(path: string, host: DestinationHost) {
    this.address = path;
    this.#host = host;
  }

  placeOf(name: string): string {
    return join(this.address, name);
  }

  async find(name: string): Promise<StoredFile | undefined> {
    const path = this.placeOf(name);
    return (await sizeOf(path)) === undefined ? undefined : await digestFile(path, this.#host.signal);
  }

  async *list(folder: string): AsyncGenerator<{ name: string; sizeBytes: number }> {
    for await (const { name, sizeBytes } of filesBelow(this.placeOf(folder)))
      yield { name: `${folder}/${name}`, sizeBytes };
  }

  /** A file that was being copied has another name, and is copied anew. */
  async partialBytes(): Promise<number> {
    return 0;
  }

  async put(name: string, file: LocalFile, onBytes: (bytes: number) => void): Promise<void> {
    const path = this.placeOf(name);
    await cleanOldStaging(path);
    await publishFile(path, async (temporary) => {
      const copied = await copyWithDigest(file.path, temporary, this.#host.signal);
      if (copied.sha256 !== file.sha256)
        throw new ReleasePlanError('publish-damaged', `${file.path} was copied to ${path} and read back otherwise`);
    });
    onBytes(file.sizeBytes);
  }

  async read(name: string): Promise<Revision | undefined> {
    return await readRevision(this.placeOf(name));
  }

  async replace(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean> {
    return await replaceRevision(this.placeOf(name), bytes, seen, {
      file: this.placeOf(LOCK_FILE),
      what: `publish to ${this.address}`,
      signal: this.#host.signal,
    });
  }
}
