/** How large a delta would be, from the signatures that are archived with every version. */
import { join } from 'node:path';
import { readVersionManifest } from '../../archive/read-manifest.ts';
import type { ArchiveKey } from '../../archive/layout.ts';
import type { ArchivedFile, VersionManifest } from '../../core/archive.ts';
import type { Partition } from '../../core/plan.ts';
import { withScratch } from '../../io/scratch.ts';
import { signature } from '../../rdiff/signature.ts';
import { BlockIndex, loadSignature, type LoadedSignature } from './block-index.ts';

/** A delta that was made: what estimates are compared with. */
export interface MadeDelta {
  from: string;
  to: string;
  /** What a device downloads. */
  bytes: number;
  /** ISO 8601, UTC. */
  madeAt?: string;
}

/** How estimates of literals become sizes of packages. */
export interface Calibration {
  /** Bytes of a package by bytes of blocks that its base lacks. */
  factor: number;
  /** Deltas that it was measured on; 0: the factor is what the full package makes of its images. */
  deltas: number;
  /** Nine of ten deltas were within this share of their estimate from the others; null below two. */
  error: number | null;
}

/** Images whose signatures are made anew, since their blocks have another length than the base's. */
const MOST_SIGNED_BYTES = 4 * 1024 ** 3;

/** More deltas make no better measure. */
const MOST_CALIBRATED = 40;

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

  /** Measures estimates against deltas that exist; those to the target count most. */
  async calibrate(made: readonly MadeDelta[], target: string, fullBytes: number | undefined): Promise<Calibration> {
    const ratios: number[] = [];
    const nearest = [...made].sort((a, b) => Number(b.to === target) - Number(a.to === target));
    for (const { from, to, bytes } of nearest.slice(0, MOST_CALIBRATED)) {
      const missing = await this.missingBytes(from, to);
      if (missing !== undefined && missing > 0) ratios.push(bytes / missing);
    }
    const imageBytes = await this.imageBytes(target);
    if (ratios.length === 0)
      return { factor: fullBytes === undefined || !imageBytes ? 1 : fullBytes / imageBytes, deltas: 0, error: null };
    return { factor: quantile(ratios, 0.5), deltas: ratios.length, error: errorOf(ratios) };
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
    const made = await withScratch('suggest', async (folder) => {
      const file = join(folder, 'signature');
      await signature(this.#pathOf(target.version, image), file, {
        blockBytes,
        format: strong,
        rollsum: weak,
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

/** @param share 0 to 1 */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

/** Each delta is estimated from all the others. */
function errorOf(ratios: readonly number[]): number | null {
  if (ratios.length < 2) return null;
  const errors = ratios.map((ratio, at) => Math.abs(quantile(ratios.toSpliced(at, 1), 0.5) / ratio - 1));
  return quantile(errors, 0.9);
}
