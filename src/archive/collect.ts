import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { glob } from 'tinyglobby';
import { ReleasePlanError } from '../core/errors.ts';
import { makeFolder, publishFile, publishFolder, writeFileAtomic } from '../io/atomic.ts';
import { filesystemOf } from '../io/filesystem.ts';
import { copyWithDigest, digestBytes, digestFile } from '../io/hash.ts';
import { sealJson } from '../text/json.ts';
import { ifPresent } from '../io/present.ts';
import { isRelativeName } from '../text/relative-name.ts';
import { expandPlaceholders } from '../text/placeholders.ts';
import { run } from '../io/process.ts';
import { withSpace } from '../io/space.ts';
import { timestamp } from '../text/timestamp.ts';
import type {
  ArchivedFile,
  ArchivedPartition,
  BuildConfiguration,
  BuildRecordKind,
  Proof,
  VersionManifest,
} from '../core/archive.ts';
import type { Partition } from '../core/plan.ts';
import { buildInfo } from './build-info.ts';
import {
  BUILD_INFO,
  LOCK,
  MANIFEST,
  MANIFEST_SIGNATURE,
  RECORDS,
  UPDATES,
  signatureName,
  versionDir,
  type ArchiveKey,
} from './layout.ts';
import { readVersion } from './manifest.ts';

/** A finished build, ready to be archived. */
export interface ArchiveRequest {
  key: ArchiveKey;
  product: string;
  distro: string;
  version: string;
  /** Where the build left its files. The version's own archive folder means that the build stored them itself. */
  deploy: string;
  partitions: readonly Partition[];
  /** Glob patterns, placeholders unexpanded. */
  collect: readonly string[];
  configuration: BuildConfiguration;
  proof: Proof[];
  tools: Record<string, string>;
  /** Text of kas-lock.json; without, the version cannot be built again. */
  lock?: string;
  /** What the build says of itself, see kas/records.ts. */
  records?: ReadonlyArray<{ path: string; kind: BuildRecordKind }>;
  /** Not built by us: the configuration is not known. */
  isAdopted?: boolean;
  /** Built of what no commit names. */
  isDirty?: boolean;
  /** What kas and BitBake warned of. */
  warnings?: readonly string[];
  /** Writes the rdiff signature of an image. */
  makeSignature(image: string, out: string): Promise<void>;
  /** Signs the manifest, by the sha256 of its file; without it the manifest has its seal alone. */
  vouch?(digest: string): Promise<Uint8Array>;
  signal?: AbortSignal;
  onFile?: (path: string, sizeBytes: number) => void;
}

/** One file of the build that is to be kept, under its name in the archive. */
interface Source {
  path: string;
  name: string;
  role: 'image' | 'collected';
  partition?: string;
}

/**
 * Archives a build under its version: copied beside, hashed as read back,
 * synced, renamed; the manifest is written last.
 *
 * @returns the manifest
 * @throws ReleasePlanError `artifact-missing` when an image is not there,
 *   `archive-conflict` when the version is archived with other bytes,
 * `image-too-large`, `path-outside` when a pattern finds a file elsewhere, `archive-damaged` when what stands there is
 * not whole,
 *   `archive-unreadable`, `disk-full`
 */
export async function archiveVersion(request: ArchiveRequest): Promise<VersionManifest> {
  const dir = versionDir(request.key, request.version);
  const sources = await sourcesOf(request);
  const entry = await readVersion(dir, request.version, request);
  if (entry.state === 'whole') return await requireSameBytes(entry.manifest, sources, request);
  if (entry.state === 'unreadable') throw new ReleasePlanError('archive-unreadable', entry.problems.join('; '));
  await requireFit(sources, request);
  const adopted = (await realpath(request.deploy)) === (await ifPresent(realpath(dir)));
  if (entry.state === 'damaged' && !(adopted && (await isMissing(join(dir, MANIFEST))))) {
    throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
  }
  return adopted ? await fillFolder(dir, sources, request, adoptFile) : await copyOver(dir, sources, request);
}

/** An archived version never changes: one that no device can install must not take a version's name. */
async function requireFit(sources: readonly Source[], { version, partitions }: ArchiveRequest): Promise<void> {
  for (const { name, slotSizeBytes } of partitions) {
    const image = sources.find((one) => one.partition === name);
    if (image === undefined || slotSizeBytes === undefined) continue;
    const { size } = await stat(image.path);
    if (size <= slotSizeBytes) continue;
    throw new ReleasePlanError(
      'image-too-large',
      `${image.path}: the image of ${name} in ${version} has ${size} bytes, but its slot has ${slotSizeBytes}`,
    );
  }
}

async function copyOver(dir: string, sources: readonly Source[], request: ArchiveRequest): Promise<VersionManifest> {
  let needBytes = 0;
  for (const source of sources) needBytes += (await stat(source.path)).size;
  return await withSpace(
    dir,
    needBytes,
    async () =>
      await publishFolder(dir, (staging) =>
        fillFolder(staging, sources, request, async (source, to) => {
          await makeFolder(dirname(to));
          return await copyWithDigest(source.path, to, request.signal);
        }),
      ),
  );
}

type TakeFile = (source: Source, to: string) => Promise<{ sizeBytes: number; sha256: string }>;

const adoptFile: TakeFile = async (source) => await digestFile(source.path);

async function fillFolder(
  dir: string,
  sources: readonly Source[],
  request: ArchiveRequest,
  take: TakeFile,
): Promise<VersionManifest> {
  const files: ArchivedFile[] = [];
  for (const source of sources) {
    request.signal?.throwIfAborted();
    request.onFile?.(source.path, (await stat(source.path)).size);
    const digest = await take(source, join(dir, source.name));
    files.push({
      path: source.name,
      role: source.role,
      ...(source.partition === undefined ? {} : { partition: source.partition }),
      ...digest,
    });
  }
  for (const partition of request.partitions.filter((one) => one.delta !== 'none')) {
    const image = sources.find((one) => one.partition === partition.name);
    if (image === undefined) continue;
    const name = signatureName(partition.name);
    await request.makeSignature(join(dir, image.name), join(dir, name));
    files.push({ path: name, role: 'signature', partition: partition.name, ...(await digestFile(join(dir, name))) });
  }
  files.push(...(await takeRecords(dir, request)));
  const manifest = await describe(dir, files, request);
  await writeFileAtomic(join(dir, BUILD_INFO), buildInfo(manifest));
  manifest.files.push({ path: BUILD_INFO, role: 'build-info', ...(await digestFile(join(dir, BUILD_INFO))) });
  const text = sealJson(manifest);
  const signature = await request.vouch?.(digestBytes(text).sha256);
  if (signature !== undefined) await writeFileAtomic(join(dir, MANIFEST_SIGNATURE), signature);
  // Last: what has a manifest is whole.
  await writeFileAtomic(join(dir, MANIFEST), text);
  return manifest;
}

/** The lock, and what the build says of itself. */
async function takeRecords(dir: string, { lock, records = [], signal }: ArchiveRequest): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  if (lock !== undefined) {
    await writeFileAtomic(join(dir, LOCK), lock);
    files.push({ path: LOCK, role: 'lock', ...(await digestFile(join(dir, LOCK))) });
  }
  for (const { path, kind } of records) {
    const name = join(RECORDS, kind, basename(path));
    await makeFolder(dirname(join(dir, name)));
    // In a folder that is adopted the name is final: what has it is whole, and a rerun may replace it.
    const copied = await publishFile(join(dir, name), async (to) => await copyWithDigest(path, to, signal));
    files.push({ path: name, role: kind, ...copied });
  }
  return files;
}

async function describe(dir: string, files: ArchivedFile[], request: ArchiveRequest): Promise<VersionManifest> {
  const partitions: ArchivedPartition[] = [];
  for (const partition of request.partitions) {
    const file = files.find((one) => one.role === 'image' && one.partition === partition.name);
    if (file === undefined) continue;
    partitions.push({
      name: partition.name,
      file: file.path,
      filesystem: await filesystemOf(join(dir, file.path)),
      readOnly: partition.readOnly,
      delta: partition.delta,
      ...(partition.slotSizeBytes === undefined ? {} : { slotSizeBytes: partition.slotSizeBytes }),
    });
  }
  const partitionTables: Record<string, unknown> = {};
  for (const file of files.filter((one) => one.path.endsWith('.wic')))
    partitionTables[basename(file.path)] = await partitionTable(join(dir, file.path));
  const { product, distro, version, configuration, proof, tools } = request;
  const { machine, image } = request.key;
  return {
    schema: 1,
    product,
    machine,
    distro,
    image,
    version,
    archivedAt: timestamp(),
    configuration,
    partitions,
    ...(request.isAdopted === true ? { adopted: true as const } : {}),
    ...(request.isDirty === true ? { dirty: true as const } : {}),
    ...(request.warnings === undefined ? {} : { warnings: [...request.warnings] }),
    partitionTables,
    proof,
    files,
    tools,
  };
}

/** The partition table of a disk image, without what differs by where it lies and when it was made. */
async function partitionTable(path: string): Promise<unknown> {
  const { stdout } = await run('sfdisk', ['--json', path]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { label?: string; unit?: string; sectorsize?: number; partitions?: Array<Record<string, unknown>> };
  };
  const partitions = (partitiontable.partitions ?? []).map(({ node: _node, uuid: _uuid, ...rest }) => rest);
  return { label: partitiontable.label, unit: partitiontable.unit, sectorsize: partitiontable.sectorsize, partitions };
}

async function sourcesOf(request: ArchiveRequest): Promise<Source[]> {
  const values = {
    machine: request.key.machine,
    distro: request.distro,
    image: request.key.image,
    version: request.version,
  };
  const images: Source[] = [];
  for (const partition of request.partitions) {
    const name = expandPlaceholders(partition.file, values);
    const path = join(request.deploy, name);
    const found = await ifPresent(stat(path));
    if (found === undefined || !found.isFile()) {
      throw new ReleasePlanError(
        'artifact-missing',
        `the build of ${request.version} produced no image for partition ${partition.name}: ${path} ` +
          `${found === undefined ? 'does not exist' : 'is no regular file'}`,
      );
    }
    images.push({ path, name, role: 'image', partition: partition.name });
  }
  const patterns = request.collect.map((one) => expandPlaceholders(one, values));
  const own = [
    `${UPDATES}/**`,
    `${RECORDS}/**`,
    LOCK,
    MANIFEST,
    MANIFEST_SIGNATURE,
    BUILD_INFO,
    ...request.partitions.map((one) => signatureName(one.name)),
  ];
  const found =
    patterns.length === 0
      ? []
      : await glob(patterns, { cwd: request.deploy, onlyFiles: true, ignore: own, followSymbolicLinks: false });
  // An escaped dot comes back as `./name`.
  const names = new Set(found.map((name) => normalize(name)));
  const outside = [...names].find((name) => !isRelativeName(name));
  if (outside !== undefined)
    throw new ReleasePlanError('path-outside', `collect finds ${outside}, which lies outside of ${request.deploy}`);
  const taken = new Set(images.map((one) => one.name));
  const collected = [...names]
    .filter((name) => !taken.has(name))
    .sort()
    .map((name): Source => ({ path: join(request.deploy, name), name, role: 'collected' }));
  return [...images, ...collected];
}

/** The version is archived: the build may only agree with it. */
async function requireSameBytes(
  manifest: VersionManifest,
  sources: readonly Source[],
  request: ArchiveRequest,
): Promise<VersionManifest> {
  for (const source of sources.filter((one) => one.role === 'image')) {
    const archived = manifest.files.find((one) => one.role === 'image' && one.partition === source.partition);
    const built = await digestFile(source.path, request.signal);
    if (archived?.sha256 === built.sha256) continue;
    throw new ReleasePlanError(
      'archive-conflict',
      `${source.path} differs from the archived image of ${request.version}: sha256 ${built.sha256}, but archived ` +
        `${archived?.sha256 ?? 'without this partition'}`,
    );
  }
  return manifest;
}

const isMissing = async (path: string): Promise<boolean> => (await ifPresent(stat(path))) === undefined;
