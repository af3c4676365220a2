import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_INFO, DELTA_INFO, deltaName, signatureName, swuName, updateDir } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { publishFolder, writeFileAtomic } from '../../io/atomic.ts';
import { formatBytes, formatShare } from '../../text/bytes.ts';
import { digestFile } from '../../io/hash.ts';
import { sealJson } from '../../text/json.ts';
import { withSpace } from '../../io/space.ts';
import { timestamp } from '../../text/timestamp.ts';
import {
  WHOLE_IMAGE,
  type ArchivedFile,
  type DeltaInfo,
  type DeltaPartitionInfo,
  type Proof,
  type VersionManifest,
} from '../../core/archive.ts';
import type { EngineName, Plan } from '../../core/plan.ts';
import type { DeltaEngine, DeltaInput, EngineHost, EngineResult, ImageRef } from '../engines/engine.ts';
import { makePackage } from './package.ts';
import { partitionOf, travelsAs, type Traveller } from './payloads.ts';
import { engineNamed } from '../engines/index.ts';
import type { Idle } from '../host.ts';
import { updateInfo } from './update-info.ts';

/** One of the two versions, as the archive holds it. */
export interface UpdateSide {
  manifest: VersionManifest;
  /** Its folder in the archive. */
  dir: string;
}

export interface UpdateRequest {
  plan: Plan;
  base: UpdateSide;
  target: UpdateSide;
  engine: EngineName;
  recipe: string;
  trust?: string;
  host: EngineHost;
  /** Threads that the engine may take; as many as it finds processors unless given. */
  threads?: number;
  /** Puts deltas that were made before into a folder, where there are any: plain, and compressed beside it. */
  takeDeltas?(staging: string, inputs: readonly DeltaInput[]): Promise<boolean>;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  progress(message: string): void;
  warn(message: string): void;
  idle?: Idle | undefined;
}

export interface MadeUpdate {
  manifest: DeltaInfo;
  dir: string;
  /** For the person who watches: sizes. */
  summary: string;
}

/**
 * Makes everything of one update in a folder beside its final place, proves
 * it, and only then gives it its name: engine -> proof of every delta ->
 * package -> the package opened again -> delta-info.json.
 *
 * @throws ReleasePlanError `delta-unproven`, `pair-inconsistent` when the
 *   package does not hold what it says, `disk-full`, and what engine, signing and packaging throw
 */
export async function makeUpdate(request: UpdateRequest): Promise<MadeUpdate> {
  const { plan, base, target } = request;
  const [from, to] = [base.manifest.version, target.manifest.version];
  const dir = updateDir(plan, from, to);
  const inputs = inputsOf(base, target);
  const manifest = await withSpace(
    dir,
    needBytesOf(inputs),
    async () => await publishFolder(dir, (staging) => fill(staging, request, inputs), { replace: true }),
  );
  return { manifest, dir, summary: summaryOf(manifest) };
}

/** A delta never needs more than its target; packed and gzipped it stands there three times at the most. */
export const needBytesOf = (inputs: readonly DeltaInput[]): number =>
  3 * inputs.reduce((sum, one) => sum + one.target.sizeBytes, 0);

/** Makes the deltas of an update, or takes those that are given, and proves each. */
export async function makeDeltas(
  staging: string,
  request: UpdateRequest,
  inputs: readonly DeltaInput[],
): Promise<EngineResult & { proof: Proof[] }> {
  const { base, target, progress, signal, threads } = request;
  const [from, to] = [base.manifest.version, target.manifest.version];
  const engine = engineNamed(request.engine);
  const job = { from, to, inputs, outDir: staging, signal, progress, ...(threads === undefined ? {} : { threads }) };
  const isGiven = (await request.takeDeltas?.(staging, inputs)) ?? false;
  const made = isGiven ? { tools: engine.tools() } : await engine.create(job, request.host);
  const proof: Proof[] = [];
  for (const input of inputs) {
    const delta = join(staging, deltaName(input.partition));
    proof.push(await proveOne(input, delta, engine, request), await engine.proveOnDevice(input, delta, signal));
  }
  return { ...made, proof };
}

async function fill(staging: string, request: UpdateRequest, inputs: readonly DeltaInput[]): Promise<DeltaInfo> {
  const { base, target } = request;
  const [from, to] = [base.manifest.version, target.manifest.version];
  const engine = engineNamed(request.engine);
  const { proof, ...made } = await makeDeltas(staging, request, inputs);
  for (const input of inputs) await copyFile(input.baseSignature, join(staging, signatureName(input.partition)));
  const partitions = await partitionInfos(staging, engine, request, inputs);

  // The package's own intermediate files; gone before the folder gets its name.
  const work = join(staging, 'work');
  await mkdir(work);
  const packed = await makePackage({
    ...request,
    from,
    to,
    engine,
    travellers: partitions.map((one) => travellerOf(one, request, staging)),
    workDir: work,
    out: join(staging, swuName(from, to)),
    ...(made.swu === undefined ? {} : { ready: made.swu }),
  });
  await rm(work, { recursive: true });
  proof.push(...packed.proof);

  const { product, machine, distro, image } = target.manifest;
  const info: Omit<DeltaInfo, 'files'> = {
    schema: 1,
    product,
    machine,
    distro,
    image,
    from,
    to,
    engine: engine.name,
    engineVersion: engine.version,
    createdAt: timestamp(request.env),
    partitions,
    swu: packed.swu,
    proof,
    recipe: request.recipe,
    ...(request.trust === undefined ? {} : { trust: request.trust }),
    tools: made.tools,
  };
  await writeFileAtomic(join(staging, BUILD_INFO), updateInfo(info));
  const manifest: DeltaInfo = { ...info, files: await filesOf(staging, info) };
  await writeFileAtomic(join(staging, DELTA_INFO), sealJson(manifest));
  return manifest;
}

/** Applies a delta to its base as the device would, and compares with the target bit for bit. */
async function proveOne(
  input: DeltaInput,
  delta: string,
  engine: DeltaEngine,
  { progress, signal }: UpdateRequest,
): Promise<Proof> {
  progress(`${input.partition}: proving the delta`);
  const proof = await engine.prove(input.base.path, delta, input.target.path, { signal });
  if (!proof.equal) {
    throw new ReleasePlanError(
      'delta-unproven',
      `${input.partition}: applied to its base, the delta gives ${proof.reconstructedBytes} bytes that differ from ` +
        `the target, first at byte ${proof.firstDifference}`,
    );
  }
  if (proof.targetSha256 !== input.target.sha256)
    throw new ReleasePlanError('archive-damaged', `${input.target.path} changed while its delta was being made`);
  return {
    check: 'delta-applies',
    result: 'pass',
    detail: `${input.partition}: ${proof.targetBytes} bytes, sha256 ${proof.targetSha256}`,
  };
}

/** An image of a version; `file` is its name within the version's folder. */
export function requireImage(side: UpdateSide, partition: string): ImageRef & { file: string } {
  const found = side.manifest.files.find((one) => one.role === 'image' && one.partition === partition);
  if (found === undefined)
    throw new ReleasePlanError(
      'archive-missing',
      `version ${side.manifest.version} was archived without an image of partition ${partition}`,
    );
  return { path: join(side.dir, found.path), file: found.path, sizeBytes: found.sizeBytes, sha256: found.sha256 };
}

export const inputsOf = (base: UpdateSide, target: UpdateSide): DeltaInput[] =>
  target.manifest.partitions
    .filter((one) => one.delta !== 'none')
    .map(({ name }) => ({
      partition: name,
      base: requireImage(base, name),
      target: requireImage(target, name),
      baseSignature: join(base.dir, signatureName(name)),
    }));

async function partitionInfos(
  staging: string,
  { algorithm }: DeltaEngine,
  { plan, base, target }: UpdateRequest,
  inputs: readonly DeltaInput[],
): Promise<DeltaPartitionInfo[]> {
  const named = async (file: string) => ({ file, ...(await digestFile(join(staging, file))) });
  const side = (of: UpdateSide, partition: string) => {
    const { path: _path, ...named } = requireImage(of, partition);
    return named;
  };
  const infos: DeltaPartitionInfo[] = [];
  for (const { name } of target.manifest.partitions) {
    const common = { name, base: side(base, name), target: side(target, name) };
    const info: DeltaPartitionInfo = !inputs.some((one) => one.partition === name)
      ? { ...common, algorithm: WHOLE_IMAGE }
      : {
          ...common,
          algorithm,
          delta: await named(deltaName(name)),
          deltaCompressed: await named(`${deltaName(name)}.gz`),
          signature: await named(signatureName(name)),
        };
    infos.push({ ...info, travels: travelsAs(partitionOf(plan, name), info) });
  }
  return infos;
}

function travellerOf(info: DeltaPartitionInfo, { plan, base, target }: UpdateRequest, staging: string): Traveller {
  const { name, delta } = info;
  return {
    partition: partitionOf(plan, name),
    travels: info.travels ?? 'image',
    image: requireImage(target, name),
    base: requireImage(base, name),
    ...(delta === undefined ? {} : { delta: { path: join(staging, delta.file), sizeBytes: delta.sizeBytes } }),
  };
}

async function filesOf(staging: string, info: Omit<DeltaInfo, 'files'>): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  for (const { name, delta, deltaCompressed, signature } of info.partitions) {
    for (const [role, found] of [
      ['delta', delta],
      ['delta-gz', deltaCompressed],
      ['signature', signature],
    ] as const) {
      if (found !== undefined)
        files.push({ path: found.file, role, partition: name, sizeBytes: found.sizeBytes, sha256: found.sha256 });
    }
  }
  const { file, sizeBytes, sha256 } = info.swu;
  files.push({ path: file, role: 'swu', sizeBytes, sha256 });
  files.push({ path: BUILD_INFO, role: 'build-info', ...(await digestFile(join(staging, BUILD_INFO))) });
  return files;
}

function summaryOf(info: DeltaInfo): string {
  // What no package holds is no part of what a full one would be.
  const sent = info.partitions.filter((one) => one.travels !== 'never');
  const images = sent.reduce((sum, one) => sum + one.target.sizeBytes, 0);
  const what = sent.length === 1 ? "image's" : "images'";
  return (
    `${info.swu.file}: ${formatBytes(info.swu.sizeBytes)}, ${formatShare(info.swu.sizeBytes, images)} of the ` +
    `${what} ${formatBytes(images)}; proven`
  );
}
