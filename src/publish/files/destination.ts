/** A destination that is a store of files with an index: what a web server, or a device by itself, reads. */
import { ReleasePlanError } from '../../core/errors.ts';
import { formatBytes } from '../../text/bytes.ts';
import type { Destination, MirrorProgress, MirrorResult, Presence } from '../destination.ts';
import type { DestinationSettings } from '../../core/plan.ts';
import { titleOf, type ReleasePackage } from '../package.ts';
import { fileOf, formatIndex, INDEX_FILE, parseIndex, withPackages } from './index-document.ts';
import { mirrorRepository } from './mirror.ts';
import type { FileStore } from './store.ts';

/** How often the index is read and merged anew when others write it too. */
const INDEX_ATTEMPTS = 5;

/** Makes a destination of a store: packages first, the index last. */
export class FilesDestination implements Destination {
  readonly name: string;
  readonly kind: string;
  readonly #store: FileStore;

  constructor({ name, kind }: DestinationSettings, store: FileStore) {
    this.name = name;
    this.kind = kind;
    this.#store = store;
  }

  get address(): string {
    return this.#store.address;
  }

  async inspect(one: ReleasePackage): Promise<Presence> {
    const name = fileOf(one);
    const found = await this.#store.find(name);
    if (found === undefined) {
      const bytes = await this.#store.partialBytes(name);
      return bytes === 0
        ? { state: 'missing' }
        : { state: 'partial', detail: `${formatBytes(bytes)} of ${formatBytes(one.sizeBytes)} are there` };
    }
    const place = this.#store.placeOf(name);
    if (found.sizeBytes === one.sizeBytes && found.sha256 === one.sha256) return { state: 'present', place };
    return {
      state: 'differs',
      detail:
        `${place} has ${found.sizeBytes} bytes, sha256 ${found.sha256 ?? 'unknown'}; the package of the archive ` +
        `has ${one.sizeBytes} bytes, sha256 ${one.sha256}`,
    };
  }

  async send(one: ReleasePackage, onBytes: (bytes: number) => void): Promise<string> {
    const name = fileOf(one);
    const found = await this.inspect(one);
    if (found.state === 'differs') throw new ReleasePlanError('publish-differs', `${titleOf(one)}: ${found.detail}`);
    if (found.state === 'present') onBytes(one.sizeBytes);
    else await this.#store.put(name, one, onBytes);
    return this.#store.placeOf(name);
  }

  async mirror(repo: string, progress: MirrorProgress, options = { dryRun: false }): Promise<MirrorResult> {
    return await mirrorRepository(this.#store, repo, progress, options);
  }

  async announce(packages: readonly ReleasePackage[]): Promise<void> {
    for (let attempt = 1; attempt <= INDEX_ATTEMPTS; attempt += 1) {
      const seen = await this.#store.read(INDEX_FILE);
      const known = seen === undefined ? undefined : parseIndex(seen.bytes, this.#store.placeOf(INDEX_FILE));
      const bytes = formatIndex(withPackages(known, packages));
      if (seen?.bytes.equals(bytes) === true) return;
      if (!(await this.#store.replace(INDEX_FILE, bytes, seen))) continue;
      // A store without conditional writes lets the later of two writers win, and the earlier one's packages vanish.
      if ((await this.#store.read(INDEX_FILE))?.bytes.equals(bytes) === true) return;
    }
    throw new ReleasePlanError(
      'publish-contended',
      `${this.#store.placeOf(INDEX_FILE)} was written by somebody else ${INDEX_ATTEMPTS} times while it was merged`,
    );
  }
}
