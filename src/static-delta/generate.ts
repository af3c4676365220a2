/** Makes static deltas. */
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../io/atomic.ts';
import { ifPresent } from '../io/present.ts';
import { withScratch } from '../io/scratch.ts';
import { startCrew, type Crew } from './crew.ts';
import { commitMetaPath, deltaFolder, relativeDeltaFolder, type CommitPair, type ObjectName } from './names.ts';
import { readMetadataObject } from './objects.ts';
import { PATCHED_BYTES } from './limits.ts';
import { HeadReader, fallbackOf, markShared, planDelta, type DeltaPlan, type StoredFile } from './plan.ts';
import { superblockBytes, type MetadataEntry } from './superblock.ts';
import { TreeReader } from './tree.ts';
import { loadMatcher } from './wasm.ts';

/** How deltas are made. */
export interface GenerateOptions {
  /** As of {@link compressXz}, 6 unless given. */
  level?: number;
  /** Threads: one for each processor unless given. */
  workers?: number;
  signal?: AbortSignal;
}

/** A delta that was made. */
export interface GeneratedDelta extends CommitPair {
  /** What clients fetch: parts and fallback objects, as `static-delta show` counts. */
  sizeBytes: number;
  /** What clients write. */
  uncompressedBytes: number;
  parts: number;
}

const DEFAULT_LEVEL = 6;

/**
 * Makes the deltas from several commits to one, in a repository of mode
 * archive; what they have in common is read once. Each is written where ostree
 * writes it, its superblock last: without it the rest is nothing to anyone.
 *
 * A delta that is there already is removed first, so whoever calls this has
 * withdrawn it from the summary.
 *
 * @param froms commits; an empty text for a delta from nothing
 * @throws ReleasePlanError `ostree-object-damaged`, `engine-missing`, `engine-memory`, `tool-missing`,
 *   `tool-failed`, `disk-full`, `interrupted`
 */
export async function generateStaticDeltas(
  repo: string,
  to: string,
  froms: readonly string[],
  options: GenerateOptions = {},
): Promise<GeneratedDelta[]> {
  const trees = new TreeReader(repo);
  const heads = new HeadReader(repo);
  const plans = froms.map((from) => {
    const plan = planDelta(trees, heads, { from, to });
    trees.forget(from);
    return plan;
  });
  markShared(plans);
  const module = await loadMatcher();
  const parts = plans.reduce((sum, plan) => sum + plan.parts.length, 0);
  const threads = Math.min(parts, options.workers ?? availableParallelism());
  return await withScratch('staticdelta', largeBytes(plans, threads), async (scratch) => {
    const crew = startCrew(module, threads, options.signal);
    try {
      return await Promise.all(plans.map(async (plan) => await generate(plan, crew, { ...options, repo, scratch })));
    } finally {
      await crew.stop();
    }
  });
}

/** What large files and their sources take while they are unpacked, each thread one of them at a time. */
function largeBytes(plans: readonly DeltaPlan[], threads: number): number {
  const pairs = plans
    .flatMap(({ parts }) => parts.flat())
    .flatMap((one) => (one.kind === 'file' && one.source !== undefined ? [pairBytes(one.file, one.source)] : []))
    .filter((bytes) => bytes > PATCHED_BYTES)
    .sort((a, b) => b - a);
  return pairs.slice(0, threads).reduce((sum, bytes) => sum + bytes, 0);
}

const pairBytes = (file: StoredFile, source: StoredFile): number => file.head.sizeBytes + source.head.sizeBytes;

interface Settings extends GenerateOptions {
  repo: string;
  scratch: string;
}

async function generate(
  plan: DeltaPlan,
  crew: Crew,
  { repo, scratch, level = DEFAULT_LEVEL }: Settings,
): Promise<GeneratedDelta> {
  const { from, to } = plan;
  const folder = deltaFolder(repo, plan);
  await emptyFolder(folder);
  const parts = await Promise.all(
    plan.parts.map(
      async (objects, index) => await crew.make({ repo, path: join(folder, String(index)), objects, level, scratch }),
    ),
  );
  const left = parts.flatMap((part) => part.left.map(({ checksum, head }) => fallbackOf(repo, checksum, head)));
  const fallbacks = [...plan.fallbacks, ...left];
  const commit: ObjectName = { type: 'commit', checksum: to };
  const superblock = superblockBytes({
    metadata: await commitMetadata(repo, plan),
    endianness: 'little',
    timeSeconds: Math.floor(Date.now() / 1000),
    from,
    to,
    commit: readMetadataObject(repo, commit),
    parts,
    fallbacks,
  });
  await writeFileAtomic(join(folder, 'superblock'), superblock);
  const all = [...parts, ...fallbacks];
  const sizeBytes = all.reduce((sum, one) => sum + one.sizeBytes, 0);
  const uncompressedBytes = all.reduce((sum, one) => sum + one.uncompressedBytes, 0);
  return { from, to, sizeBytes, uncompressedBytes, parts: parts.length };
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  // Without its superblock a delta is nothing, also if the power fails in between.
  for (const name of names.sort((a, b) => Number(b === 'superblock') - Number(a === 'superblock'))) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** The target's signatures, which clients want before they take anything else. */
async function commitMetadata(repo: string, pair: CommitPair): Promise<MetadataEntry[]> {
  const value = await ifPresent(readFile(commitMetaPath(repo, pair.to)));
  return value === undefined ? [] : [{ key: `${relativeDeltaFolder(pair)}/commitmeta`, type: 'a{sv}', value }];
}
