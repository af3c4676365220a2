/** What a version has that another lacks, by the signatures that are archived with every version. */
import { join } from 'node:path';
import { readVersionManifest } from '../../archive/read-manifest.ts';
import type { ArchiveKey } from '../../archive/layout.ts';
import type { ArchivedFile, VersionManifest } from '../../core/archive.ts';
import type { Partition } from '../../core/plan.ts';
import { withScratch } from '../../io/scratch.ts';
import { entryBytesOf } from '../../rdiff/block-sums.ts';
import { SIGNATURE_HEADER_BYTES } from '../../rdiff/format.ts';
import { signature } from '../../rdiff/signature.ts';
import { BlockIndex, loadSignature, type LoadedSignature } from './block-index.ts';

/** Images whose signatures are made anew, since their blocks have another length than the base's. */
const MOST_SIGNED_BYTES = 4 * 1024 ** 3;

/** What a target lacks of its bases. */
export class Estimator {
  readonly #manifests = new Map<string, VersionManifest | undefined>();
  readonly #indexes = new Map<string, BlockIndex>();
  #signedBytes = 0;

  constructor(
    private readonly key: ArchiveKey,
    private readonly partitions: readonly Pick<Partition, 'name' | 'delta' | 'update'>[],
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Bytes of the target in blocks that the base does not have, over all partitions; whole images of those that travel
   * whole.
   *
   * @returns undefined where a version or a signature is not in the archive
   */
  async missingBytes(from: string, to: string): Promise<number | undefined> {
    const [base, target] = [await this.#manifestOf(from), await this.#manifestOf(to)];
    if (base === undefined || target === undefined) return undefined;
    let missing = 0;
    for (const { name, delta, update } of this.partitions) {
      const [old, now] = [imageOf(base, name), imageOf(target, name)];
      if (update === 'never' || now === undefined || (update === 'if-changed' && old?.sha256 === now.sha256)) continue;
      if (delta === 'none' || old === undefined) missing += now.sizeBytes;
      else {
        const lacks = await this.#missingIn(name, base, target);
        if (lacks === undefined) return undefined;
        missing += lacks;
      }
    }
    return missing;
  }

  /** Bytes of all images of a version. */
  async imageBytes(version: string): Promise<number | undefined> {
    const manifest = await this.#manifestOf(version);
    return manifest?.files.reduce((sum, { role, sizeBytes }) => sum + (role === 'image' ? sizeBytes : 0), 0);
  }

  async #manifestOf(version: string): Promise<VersionManifest | undefined> {
    if (!this.#manifests.has(version)) this.#manifests.set(version, await readVersionManifest(this.key, version));
    return this.#manifests.get(version);
  }

  async #missingIn(partition: string, base: VersionManifest, target: VersionManifest): Promise<number | undefined> {
    this.signal?.throwIfAborted();
    const [old, now] = [base, target].map(({ files }) =>
      files.find((one) => one.role === 'signature' && one.partition === partition),
    );
    if (old === undefined || now === undefined) return undefined;
    const loaded = await loadSignature(this.#pathOf(base.version, old));
    const index = await this.#indexFor(partition, target, now, loaded);
    return index?.missingBytes(loaded);
  }

  readonly #pathOf = (version: string, { path }: ArchivedFile): string =>
    join(this.key.artifacts, this.key.machine, this.key.image, version, path);

  /** The target's blocks of the length that the base's have: its archived signature, or one that is made for this. */
  async #indexFor(
    partition: string,
    target: VersionManifest,
    archived: ArchivedFile,
    base: LoadedSignature,
  ): Promise<BlockIndex | undefined> {
    const name = `${target.version}\0${partition}`;
    const own = this.#indexes.get(name) ?? new BlockIndex(await loadSignature(this.#pathOf(target.version, archived)));
    this.#indexes.set(name, own);
    if (own.suits(base)) return own;
    const { strong, weak, blockBytes } = base.header;
    const other = `${name}\0${strong}\0${blockBytes}`;
    const known = this.#indexes.get(other);
    if (known !== undefined) return known;
    const image = imageOf(target, partition);
    if (image === undefined || this.#signedBytes + image.sizeBytes > MOST_SIGNED_BYTES) return undefined;
    this.#signedBytes += image.sizeBytes;
    const needBytes = Math.ceil(image.sizeBytes / blockBytes) * entryBytesOf(base.header) + SIGNATURE_HEADER_BYTES;
    const made = await withScratch('suggest', needBytes, async (folder) => {
      const file = join(folder, 'signature');
      await signature(this.#pathOf(target.version, image), file, {
        blockBytes,
        format: strong,
        rollsum: weak,
        strongBytes: base.header.strongBytes,
        ...(this.signal === undefined ? {} : { signal: this.signal }),
      });
      return new BlockIndex(await loadSignature(file));
    });
    this.#indexes.set(other, made);
    return made.suits(base) ? made : undefined;
  }
}

const imageOf = ({ files }: VersionManifest, partition: string): ArchivedFile | undefined =>
  files.find((one) => one.role === 'image' && one.partition === partition);
