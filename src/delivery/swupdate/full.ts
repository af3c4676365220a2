/** The full package of a version: for every device that no delta serves. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_INFO, FULL_INFO, fullDir, fullName } from '../../archive/layout.ts';
import type { FullInfo, VersionManifest } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { publishFolder, writeFileAtomic } from '../../io/atomic.ts';
import { digestFile } from '../../io/hash.ts';
import { withSpace } from '../../io/space.ts';
import { formatBytes } from '../../text/bytes.ts';
import { sealJson } from '../../text/json.ts';
import { formatRows, type Row } from '../../text/rows.ts';
import { timestamp } from '../../text/timestamp.ts';
import { makePackage, type PackageRequest } from './package.ts';
import { partitionOf, type Traveller } from './payloads.ts';
import { requireImage, type UpdateSide } from './update.ts';

export interface FullRequest extends Pick<PackageRequest, 'env' | 'signal' | 'progress' | 'warn' | 'idle'> {
  plan: Plan;
  version: UpdateSide;
  recipe: string;
  trust?: string;
}

export interface MadeFull {
  manifest: FullInfo;
  dir: string;
  /** For the person who watches. */
  summary: string;
}

/** The versions that devices may need a full package of. */
export const fullsOf = ({ swu, deltas }: Plan): string[] =>
  swu.full ? [...new Set(deltas.map((rule) => rule.to))] : [];

/**
 * Makes the full package of a version in a folder beside its final place,
 * proves it, and only then gives it its name.
 *
 * @throws ReleasePlanError `pair-inconsistent`, `disk-full`, and what signing and packaging throw
 */
export async function makeFull(request: FullRequest): Promise<MadeFull> {
  const { plan, version } = request;
  const dir = fullDir(plan, version.manifest.version);
  const images = version.manifest.files.filter((one) => one.role === 'image');
  // Compressed, encrypted and packed, each image stands there three times at the most.
  const needBytes = 3 * images.reduce((sum, one) => sum + one.sizeBytes, 0);
  const manifest = await withSpace(
    dir,
    needBytes,
    async () => await publishFolder(dir, (staging) => fill(staging, request), { replace: true }),
  );
  const { file, sizeBytes } = manifest.swu;
  return { manifest, dir, summary: `${file}: ${formatBytes(sizeBytes)}; proven` };
}

async function fill(staging: string, request: FullRequest): Promise<FullInfo> {
  const { plan, version } = request;
  const { product, machine, distro, image, version: to, partitions } = version.manifest;
  const travellers = partitions.map((one) => travellerOf(one.name, request));
  const work = join(staging, 'work');
  await mkdir(work);
  const packed = await makePackage({ ...request, to, travellers, workDir: work, out: join(staging, fullName(to)) });
  await rm(work, { recursive: true });
  const info: Omit<FullInfo, 'files'> = {
    schema: 1,
    product,
    machine,
    distro,
    image,
    version: to,
    createdAt: timestamp(request.env),
    partitions: travellers.map(({ partition: { name }, travels }) => ({
      name,
      image: imageInfo(version, name),
      travels: travels === 'never' ? 'never' : 'image',
    })),
    ...packed,
    recipe: request.recipe,
    ...(request.trust === undefined ? {} : { trust: request.trust }),
    tools: {},
  };
  await writeFileAtomic(join(staging, BUILD_INFO), fullInfoText(info, plan));
  const { file: path, sizeBytes, sha256 } = packed.swu;
  const manifest: FullInfo = {
    ...info,
    files: [
      { path, role: 'swu', sizeBytes, sha256 },
      { path: BUILD_INFO, role: 'build-info', ...(await digestFile(join(staging, BUILD_INFO))) },
    ],
  };
  await writeFileAtomic(join(staging, FULL_INFO), sealJson(manifest));
  return manifest;
}

function travellerOf(name: string, { plan, version }: FullRequest): Traveller {
  const partition = partitionOf(plan, name);
  const travels = partition.update === 'never' ? 'never' : 'image';
  return { partition, travels, image: requireImage(version, name) };
}

function imageInfo(version: UpdateSide, name: string): FullInfo['partitions'][number]['image'] {
  const { file, sizeBytes, sha256 } = requireImage(version, name);
  return { file, sizeBytes, sha256 };
}

/** build-info.txt of a full package: its full-info.json for a person. */
function fullInfoText(info: Omit<FullInfo, 'files'>, { swu }: Plan): string {
  return formatRows([
    ['Product', info.product],
    ['Full package', info.version],
    ['Machine', info.machine],
    ['Boards', swu.boards.join(', ')],
    ['Distro', info.distro],
    ['Image', info.image],
    ['Created', info.createdAt],
    ...info.partitions.map(({ name, image, travels }): Row => [
      `Partition ${name}`,
      travels === 'never' ? 'left alone' : `${image.file}, ${formatBytes(image.sizeBytes)}, sha256 ${image.sha256}`,
    ]),
    [
      'Package',
      `${info.swu.file}, ${formatBytes(info.swu.sizeBytes)}, sha256 ${info.swu.sha256}, signed: ${info.swu.signed}`,
    ],
    ...info.proof.map((one): Row => [`Check ${one.check}`, `${one.result}: ${one.detail}`]),
  ]);
}

/** What a full package was made of, compared with what is archived now. @returns why it has to be made again */
export function outdatedImage(info: FullInfo, version: VersionManifest | undefined): string | undefined {
  if (version === undefined) return undefined;
  const other = info.partitions.find(({ name, image }) => {
    const archived = version.files.find((file) => file.role === 'image' && file.partition === name);
    return archived?.sha256 !== image.sha256;
  });
  return other === undefined ? undefined : `it was made from another image of ${info.version}`;
}
