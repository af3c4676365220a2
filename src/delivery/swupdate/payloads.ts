/** What of each partition goes into a package, and in which form. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deltaName } from '../../archive/layout.ts';
import type { DeltaPartitionInfo, Travels } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Partition, Plan } from '../../core/plan.ts';
import type { FileDigest } from '../../io/hash.ts';
import { gzipFile, zstdFile } from '../../rdiff/index.ts';
import type { SwuPartition } from '../../swu/build.ts';
import { handlerOf } from '../../swu/devices.ts';
import type { UnchangedPartition } from '../../swu/description.ts';
import type { DeltaEngine } from '../engines/engine.ts';

/** A partition of the target version, with the base's image for an update. */
export interface Traveller {
  partition: Partition;
  travels: Travels;
  /** The target's image. */
  image: ImageFile;
  /** The base's image; undefined for a full package. */
  base?: ImageFile;
  /** The delta that the engine made, where it made one. */
  delta?: { path: string; sizeBytes: number };
}

export interface ImageFile extends FileDigest {
  path: string;
}

/** With what payloads are made. */
export interface PayloadWork {
  /** That of the pair; undefined for a full package. */
  engine?: DeltaEngine;
  /** For intermediate files; whoever calls removes it. */
  workDir: string;
  signal: AbortSignal;
}

/** What a package is made of. */
export interface Payloads {
  partitions: SwuPartition[];
  unchanged: UnchangedPartition[];
}

/**
 * How a partition travels in an update. Pure.
 *
 * An unchanged partition with slots cannot be left out, since anything may
 * stand in the other slot; it travels as a delta that only copies. One without
 * slots is left out where nothing writes to it, so that the guard can tell.
 */
export function travelsAs(
  partition: Pick<Partition, 'target' | 'type' | 'readOnly' | 'update'>,
  info: Pick<DeltaPartitionInfo, 'base' | 'target' | 'delta'>,
): Travels {
  if (partition.update === 'never') return 'never';
  const usual: Travels = info.delta === undefined ? 'image' : 'delta';
  const isSame = info.base.sha256 === info.target.sha256 && info.base.sizeBytes === info.target.sizeBytes;
  const canBeRead = handlerOf({ type: partition.type, delta: undefined }).unreadable === undefined;
  if (partition.update === 'always' || !isSame || !partition.readOnly || !canBeRead) return usual;
  if ('slots' in partition.target) return partition.type === 'block' ? 'delta' : usual;
  return 'unchanged';
}

/** @throws ReleasePlanError `pair-inconsistent` for a partition that the plan no longer names */
export function partitionOf(plan: Plan, name: string): Partition {
  const found = plan.partitions.find((one) => one.name === name);
  if (found === undefined)
    throw new ReleasePlanError(
      'pair-inconsistent',
      `partition ${name} was archived, and the plan does not name it any more`,
    );
  return found;
}

/**
 * Makes the payloads in the form that `swu.compress` names. Deltas that only
 * copy are made here; those of the engine are there already.
 *
 * @throws ReleasePlanError `delta-unproven`
 */
export async function makePayloads(
  travellers: readonly Traveller[],
  compress: Plan['swu']['compress'],
  work: PayloadWork,
): Promise<Payloads> {
  const made: Payloads = { partitions: [], unchanged: [] };
  for (const one of travellers) {
    const { name, target } = one.partition;
    switch (one.travels) {
      case 'never':
        break;
      case 'unchanged':
        if ('device' in target) made.unchanged.push({ name, device: target.device, image: one.image });
        break;
      case 'delta':
      case 'image':
        made.partitions.push(await payloadOf(one, compress, work));
        break;
    }
  }
  return made;
}

async function payloadOf(one: Traveller, compress: Plan['swu']['compress'], work: PayloadWork): Promise<SwuPartition> {
  const { name, target, type } = one.partition;
  const { workDir, signal } = work;
  const engine = one.travels === 'delta' ? requireEngine(one, work) : undefined;
  const bare =
    engine === undefined
      ? { path: one.image.path, sizeBytes: one.image.sizeBytes }
      : await deltaOf(one, engine, workDir, signal);
  const common: Omit<SwuPartition, 'payload'> = {
    name,
    type,
    target,
    delta: engine?.format,
    compression: compress,
    decompressedSizeBytes: bare.sizeBytes,
    image: one.image,
    ...(engine !== undefined && one.base !== undefined ? { base: one.base } : {}),
  };
  if (compress === 'none') return { ...common, payload: bare.path };
  if (compress === 'gzip' && one.delta !== undefined && engine !== undefined)
    return { ...common, payload: `${bare.path}.gz` };
  const payload = join(workDir, `${name}-${basename(bare.path)}.${compress === 'gzip' ? 'gz' : 'zst'}`);
  await (compress === 'gzip' ? gzipFile : zstdFile)(bare.path, payload, { signal });
  return { ...common, payload };
}

function requireEngine({ partition }: Traveller, { engine }: PayloadWork): DeltaEngine {
  if (engine !== undefined) return engine;
  throw new ReleasePlanError('pair-inconsistent', `${partition.name} is to travel as a delta, and no engine makes it`);
}

async function deltaOf(
  one: Traveller,
  engine: DeltaEngine,
  workDir: string,
  signal: AbortSignal,
): Promise<{ path: string; sizeBytes: number }> {
  if (one.delta !== undefined) return one.delta;
  const path = join(workDir, deltaName(one.partition.name));
  const { path: target } = one.image;
  const base = one.base?.path ?? target;
  await engine.diff(base, target, path, { signal });
  const { equal } = await engine.prove(base, path, target, { signal, digest: false });
  if (!equal) throw new ReleasePlanError('delta-unproven', `${one.partition.name}: the delta does not give the target`);
  return { path, sizeBytes: (await stat(path)).size };
}
