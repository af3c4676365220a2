import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deltaName } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { WHOLE_IMAGE, type DeltaInfo, type DeltaPartitionInfo, type Proof } from '../../core/archive.ts';
import type { Partition, Plan } from '../../core/plan.ts';
import { gzipFile, zstdFile } from '../../rdiff/index.ts';
import { buildSwu, type SwuPartition } from '../../swu/build.ts';
import { openSwu, type OpenedSwu } from '../../swu/open.ts';

/** Proven deltas, ready to be packed. */
export interface PackageRequest {
  plan: Plan;
  from: string;
  to: string;
  partitions: readonly DeltaPartitionInfo[];
  /** Folder that holds `<partition>.delta` and `.delta.gz`. */
  stagingDir: string;
  /** The target version's folder in the archive: whole images come from there. */
  targetDir: string;
  /** For intermediate files; whoever calls removes it. */
  workDir: string;
  /** The .swu. */
  out: string;
  /** A package that the engine made itself: taken as it is, and checked like any other. */
  ready?: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  progress(message: string): void;
  warn(message: string): void;
}

export interface PackagedUpdate {
  signed: DeltaInfo['swu']['signed'];
  proof: Proof[];
}

/**
 * Makes the .swu of an update, signs it, and opens it again as a device would.
 *
 * @throws ReleasePlanError `pair-inconsistent` when what was packed is not
 *   what its sw-description says, and what signing and packing throw
 */
export async function packageUpdate(request: PackageRequest): Promise<PackagedUpdate> {
  request.progress('pack and sign');
  const notes = request.ready === undefined ? await pack(request) : await take(request.ready, request.out);
  request.progress('open the package again');
  const opened = await openAgain(request);
  return { signed: request.plan.signing?.method ?? 'no', proof: proofOf(request, opened, notes) };
}

async function take(ready: string, out: string): Promise<string[]> {
  await copyFile(ready, out);
  return ['made by the delta build itself'];
}

async function pack(request: PackageRequest): Promise<string[]> {
  const { plan, from, to, out, env, signal } = request;
  const partitions: SwuPartition[] = [];
  for (const info of request.partitions) partitions.push(await payloadOf(info, request));
  const built = await buildSwu({
    product: plan.product,
    machine: plan.machine,
    from,
    to,
    swu: plan.swu,
    partitions,
    ...(plan.signing === undefined ? {} : { signing: plan.signing }),
    context: { env, planDir: plan.dir, signal },
    out,
  });
  for (const warning of built.warnings) request.warn(warning.message);
  return built.notes;
}

/** A partition's payload in the form that `swu.compress` names; the gzipped delta is there already. */
async function payloadOf(
  info: DeltaPartitionInfo,
  { plan, stagingDir, targetDir, workDir, signal }: PackageRequest,
): Promise<SwuPartition> {
  const { compress } = plan.swu;
  const kind = info.algorithm === WHOLE_IMAGE ? 'raw' : 'rdiff';
  const bare = kind === 'rdiff' ? join(stagingDir, deltaName(info.name)) : join(targetDir, info.target.file);
  const common = {
    name: info.name,
    target: partitionOf(plan, info.name).target,
    type: partitionOf(plan, info.name).type,
    kind,
    compression: compress,
    decompressedSizeBytes: info.delta?.sizeBytes ?? info.target.sizeBytes,
    image: info.target,
    ...(kind === 'rdiff' ? { base: info.base } : {}),
  } as const;
  if (compress === 'none') return { ...common, payload: bare };
  if (compress === 'gzip' && kind === 'rdiff') return { ...common, payload: `${bare}.gz` };
  const payload = join(workDir, `${basename(bare)}.${compress === 'gzip' ? 'gz' : 'zst'}`);
  await (compress === 'gzip' ? gzipFile : zstdFile)(bare, payload, { signal });
  return { ...common, payload };
}

function partitionOf(plan: Plan, name: string): Partition {
  const found = plan.partitions.find((one) => one.name === name);
  if (found === undefined)
    throw new ReleasePlanError(
      'pair-inconsistent',
      `partition ${name} was archived, and the plan does not name it any more`,
    );
  return found;
}

async function openAgain({ plan, out, to, workDir, env, signal }: PackageRequest): Promise<OpenedSwu> {
  const { signing } = plan;
  return await openSwu(out, {
    version: to,
    workDir: join(workDir, 'opened'),
    signal,
    ...(signing?.public === undefined
      ? {}
      : { trust: { method: signing.method, public: signing.public, env, planDir: plan.dir, signal } }),
  });
}

function proofOf({ out }: PackageRequest, { checks }: OpenedSwu, notes: readonly string[]): Proof[] {
  const failed = checks.filter((one) => one.result === 'fail');
  if (failed.length > 0)
    throw new ReleasePlanError(
      'pair-inconsistent',
      `${basename(out)}: ${failed.map((one) => `${one.check}: ${one.detail}`).join('; ')}`,
    );
  // The newc format has no checksums to check; without a signature nothing is shown to a device.
  const shown = checks.every((one) => one.result === 'pass' || one.check === 'checksums');
  const detail = [...checks.map((one) => `${one.check}: ${one.detail}`), ...notes].join('; ');
  return [{ check: 'swu-opens', result: shown ? 'pass' : 'not-checked', detail }];
}
