/** A plan and manifests for images that were there before release-plan. */
import { join, relative, resolve } from 'node:path';
import { archiveVersion } from '../archive/collect.ts';
import { findVersions, type FoundVersion } from '../archive/found-versions.ts';
import type { Proof } from '../core/archive.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Partition } from '../core/plan.ts';
import { packageVersion } from '../io/package.ts';
import { readImageFile } from '../kas/image/read-file.ts';
import { holdsVersion } from '../kas/prove.ts';
import { compareVersions, isVersion, schemeOf } from '../plan/version.ts';
import { signature } from '../rdiff/index.ts';
import { digestOf } from '../text/json.ts';
import { expandPlaceholders } from '../text/placeholders.ts';
import { withScratch } from '../io/scratch.ts';

/** What a person told of the images. */
export interface AdoptFacts {
  /** Folder with the images, absolute. */
  root: string;
  product: string;
  machine?: string;
  distro: string;
  image?: string;
}

/** What the plan for them has to say. */
export interface Adopted {
  machine: string;
  image: string;
  partitions: Partition[];
  /** Oldest first. */
  versions: string[];
  /** Folders that were left alone, and why. */
  left: string[];
}

/** Where Yocto's image-buildinfo writes, and where it wrote before 4.0. */
const VERSION_FILES = ['/etc/buildinfo', '/etc/build'];

/**
 * Finds versions and writes a manifest for each, with the signatures that
 * deltas start from. Images in `<machine>/<image>/<version>/` stay where they
 * are; those in `<version>/` are copied into such folders beside them.
 *
 * @throws ReleasePlanError `adopt-nothing`, and as {@link archiveVersion}
 */
export async function adoptImages(
  facts: AdoptFacts,
  host: { signal: AbortSignal; onProgress: (message: string) => void },
): Promise<Adopted> {
  const found = await findVersions(facts.root, isVersion);
  const { machine, image, ours, left } = ofOneProduct(found, facts);
  const partitions = partitionsOf(ours.at(-1), machine, image);
  const versions: string[] = [];
  await withScratch('adopt', 0, async (scratchDir) => {
    const versionFile = await versionFileOf(ours.at(-1), partitions, scratchDir);
    if (versionFile !== undefined)
      for (const one of partitions.filter(({ name }) => name === 'rootfs')) one.versionFile = versionFile;
    for (const one of ours) {
      host.signal.throwIfAborted();
      const missing = partitions.find((partition) => !one.images.some(({ file }) => file === nameOf(partition, one)));
      if (missing !== undefined) {
        left.push(`${one.dir}: no image for partition ${missing.name}`);
        continue;
      }
      host.onProgress(`archive ${one.version}`);
      if (!one.hasManifest) await writeManifest(one, partitions, { ...facts, machine, image, scratchDir, ...host });
      versions.push(one.version);
    }
  });
  return { machine, image, partitions, versions, left };

  function nameOf(partition: Partition, one: FoundVersion): string {
    return expandPlaceholders(partition.file, { machine, distro: facts.distro, image, version: one.version });
  }
}

interface OneProduct {
  machine: string;
  image: string;
  /** Oldest first. */
  ours: FoundVersion[];
  left: string[];
}

/** The product that was asked for, or the one that has most versions. */
function ofOneProduct(found: readonly FoundVersion[], facts: AdoptFacts): OneProduct {
  const named = found.filter(
    (one) =>
      (facts.machine === undefined || one.machine === undefined || one.machine === facts.machine) &&
      (facts.image === undefined || one.image === undefined || one.image === facts.image),
  );
  const keyOf = ({ machine = '', image = '' }: FoundVersion): string => `${machine}/${image}`;
  const groups = new Map<string, FoundVersion[]>();
  for (const one of named) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  const [best = []] = [...groups.values()].sort((a, b) => b.length - a.length);
  const first = best[0];
  const machine = first?.machine ?? facts.machine;
  const image = first?.image ?? facts.image;
  if (first === undefined || machine === undefined || image === undefined)
    throw new ReleasePlanError(
      'adopt-nothing',
      first === undefined
        ? `${facts.root} has no folder of a version with images in it`
        : `${facts.root} has versions without machine and image above them: name both with --machine and --image`,
    );
  const scheme = schemeOf(best.at(-1)?.version ?? '');
  const ours = best.filter((one) => schemeOf(one.version) === scheme);
  const left = found
    .filter((one) => !ours.includes(one))
    .map(({ dir }) => `${dir}: of another product, or numbered otherwise`);
  return { machine, image, ours: ours.sort((a, b) => compareVersions(a.version, b.version)), left };
}

/** One partition for each image of the newest version; the largest is the root file system. */
function partitionsOf(newest: FoundVersion | undefined, machine: string, image: string): Partition[] {
  const images = newest?.images ?? [];
  const largest = Math.max(...images.map((one) => one.sizeBytes));
  return images.map(({ file, filesystem, sizeBytes }, index): Partition => {
    const isRoot = sizeBytes === largest;
    const readOnly = filesystem === 'squashfs' || filesystem === 'erofs';
    return {
      name: isRoot ? 'rootfs' : partitionName(file, index),
      file: withPlaceholders(file, { machine, image, version: newest?.version ?? '' }),
      readOnly,
      target: isRoot
        ? { slots: { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' } }
        : { device: `/dev/mmcblk0p${index === 0 ? 1 : index + 3}` },
      delta: isRoot && readOnly ? 'rdiff' : 'none',
      type: 'block',
      update: isRoot || readOnly ? 'if-changed' : 'always',
    };
  });
}

const partitionName = (file: string, index: number): string =>
  /^[A-Za-z][A-Za-z0-9_-]*/.exec(file)?.[0].slice(0, 30) ?? `partition${index}`;

/** Longer values first: a machine's name may hold the image's. */
function withPlaceholders(file: string, values: Record<string, string>): string {
  const byLength = Object.entries(values).sort(([, a], [, b]) => b.length - a.length);
  return byLength.reduce((name, [key, value]) => (value === '' ? name : name.replaceAll(value, `{${key}}`)), file);
}

/** A file of the newest root file system that holds its version as a word. */
async function versionFileOf(
  newest: FoundVersion | undefined,
  partitions: readonly Partition[],
  scratchDir: string,
): Promise<string | undefined> {
  const index = partitions.findIndex(({ name }) => name === 'rootfs');
  const image = newest?.images[index];
  if (newest === undefined || image === undefined || image.filesystem === 'vfat') return undefined;
  for (const path of VERSION_FILES)
    if (await isVersionIn(newest, join(newest.dir, image.file), image.filesystem, path, scratchDir)) return path;
  return undefined;
}

async function isVersionIn(
  { version }: FoundVersion,
  image: string,
  filesystem: 'squashfs' | 'ext4' | 'erofs',
  path: string,
  scratchDir: string,
): Promise<boolean> {
  const content = await readImageFile({ image, filesystem, path, scratchDir });
  return content !== undefined && holdsVersion(Buffer.from(content).toString('utf8'), version);
}

/** Nothing is known of how it was built, and the manifest says so. */
const UNKNOWN_BUILD = { digest: digestOf({}), settings: {}, layers: {}, chain: [], kas: 'adopted, build unknown' };

async function writeManifest(
  found: FoundVersion,
  partitions: readonly Partition[],
  facts: AdoptFacts & { machine: string; image: string; scratchDir: string; signal: AbortSignal },
): Promise<void> {
  const { root, product, machine, image, distro, scratchDir, signal } = facts;
  await archiveVersion({
    key: { artifacts: root, machine, image },
    product,
    distro,
    version: found.version,
    deploy: found.dir,
    partitions,
    collect: [],
    configuration: UNKNOWN_BUILD,
    isAdopted: true,
    proof: await proofsOf(found, partitions, facts, scratchDir),
    tools: { 'release-plan': packageVersion() },
    makeSignature: async (from, out) => void (await signature(from, out, { signal })),
    signal,
  });
}

async function proofsOf(
  found: FoundVersion,
  partitions: readonly Partition[],
  { machine, distro, image }: AdoptFacts,
  scratchDir: string,
): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const { name, file, versionFile } of partitions) {
    const expanded = expandPlaceholders(file, {
      machine: machine ?? '',
      distro,
      image: image ?? '',
      version: found.version,
    });
    const one = found.images.find((entry) => entry.file === expanded);
    if (versionFile === undefined || one === undefined || one.filesystem === 'vfat') continue;
    const holds = await isVersionIn(found, join(found.dir, one.file), one.filesystem, versionFile, scratchDir);
    if (!holds)
      throw new ReleasePlanError(
        'build-version-unproven',
        `${versionFile} in ${join(found.dir, one.file)} does not hold ${found.version}`,
      );
    proofs.push({ check: 'build-version', result: 'pass', detail: `${name}: ${versionFile} holds ${found.version}` });
  }
  return proofs;
}

/** The archive's root as a plan names it. */
export const artifactsKey = (root: string, planDir: string): string => {
  const way = relative(planDir, resolve(root));
  return way.startsWith('..') ? resolve(root) : way === '' ? '.' : way;
};
