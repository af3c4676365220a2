/**
 * Makes a delta in librsync's format from two files that are at hand whole:
 * docs/performance.md, "The algorithm".
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { makeCrew } from './create/crew.ts';
import { emitDelta, type DeltaCounts } from './create/emit.ts';
import { planLayout, type Layout } from './create/layout.ts';
import { MatchFile, openMatchFile } from './create/match-file.ts';
import { matchImages } from './create/match.ts';
import { openImage, sizeOfImage } from './image-file.ts';
import type { Progress } from './progress.ts';
import { withSharedMemory } from './wasm-memory.ts';
import { loadWasm } from './wasm.ts';

export interface CreateDeltaOptions {
  /**
   * The most memory that the process may take for it; 4 GiB unless given. Where what no long match uses of the base
   * does not fit, it is worked through in parts.
   */
  memoryBytes?: number;
  /** Threads; the number of processors, 8 at most, unless given. The delta does not depend on it. */
  workers?: number;
  /** No more threads than these, where their number is not given. */
  workersMax?: number;
  signal?: AbortSignal;
  /**
   * Phases `scan`, `index`, `write`; `scan` comes once for what did not move, once for other long matches, and once
   * for each part of the base in which short ones are looked for.
   */
  onProgress?: (progress: Progress) => void;
}

/** What createDelta made. */
export interface DeltaSummary extends DeltaCounts {
  baseBytes: number;
  targetBytes: number;
}

const DEFAULT_MEMORY_BYTES = 4 * 2 ** 30;

/** Unless told otherwise: more threads wait for the same memory. */
const WORKERS_MAX = 8;

/** Memory that {@link createDelta} takes for a base of a size unless told otherwise. Pure. */
export function deltaMemoryBytes(baseBytes: number): number {
  const workers = Math.min(availableParallelism(), WORKERS_MAX);
  try {
    return planLayout(baseBytes, DEFAULT_MEMORY_BYTES, workers).sizeBytes;
  } catch {
    return DEFAULT_MEMORY_BYTES;
  }
}

/** Below this, starting workers takes longer than the work. */
const SOLO_BYTES = 16 * 2 ** 20;

/**
 * Writes to `delta` the commands that make `target` out of `base`.
 *
 * The bytes depend on the two files and on `memoryBytes` alone. The file is
 * written in place: a caller who needs it whole or not at all gives a temporary path.
 *
 * @throws ReleasePlanError `io-failed` for a file that cannot be used,
 *   `usage` for a delta that would overwrite an image, `engine-memory`,
 *   `engine-missing`, `interrupted` when the signal fired
 */
export async function createDelta(
  base: string,
  target: string,
  delta: string,
  options: CreateDeltaOptions = {},
): Promise<DeltaSummary> {
  const handles: FileHandle[] = [];
  const opened = async (path: string, flags: 'r' | 'w'): Promise<FileHandle> => {
    const handle = await openFile(path, flags);
    handles.push(handle);
    return handle;
  };
  try {
    const images = { base: await opened(base, 'r'), target: await opened(target, 'r') };
    await refuseOverwriting(delta, { [base]: images.base, [target]: images.target });
    const deltaFile = await opened(delta, 'w');
    const matchesFile = await openMatchFile(delta);
    handles.push(matchesFile);
    return await makeDelta({
      paths: { base, target, delta },
      images,
      made: { delta: deltaFile, matches: matchesFile },
      options,
    });
  } finally {
    await Promise.all(handles.map(async (handle) => await handle.close()));
  }
}

/** What a delta is made of, open, and how. */
interface Making {
  paths: { base: string; target: string; delta: string };
  images: { base: FileHandle; target: FileHandle };
  made: { delta: FileHandle; matches: FileHandle };
  options: CreateDeltaOptions;
}

async function makeDelta(making: Making): Promise<DeltaSummary> {
  const { paths, images, options } = making;
  const { memoryBytes = DEFAULT_MEMORY_BYTES } = options;
  await breathe(making);
  const baseBytes = await sizeOfImage(images.base, paths.base);
  const targetBytes = await sizeOfImage(images.target, paths.target);
  const layout = planLayout(baseBytes, memoryBytes, workersFor(baseBytes + targetBytes, options));
  const sizes = { baseBytes, targetBytes };
  const counts = await withSharedMemory(
    layout.sizeBytes,
    async (memory) => await matchAndWrite(making, sizes, layout, memory),
  );
  return { ...sizes, ...counts };
}

/** @throws ReleasePlanError `usage` */
function workersFor(imageBytes: number, { workers, workersMax = WORKERS_MAX }: CreateDeltaOptions): number {
  if (workers === undefined)
    return imageBytes <= SOLO_BYTES ? 1 : Math.min(availableParallelism(), workersMax, WORKERS_MAX);
  if (Number.isInteger(workers) && workers >= 1) return workers;
  throw new ReleasePlanError('usage', `invalid number of workers: ${workers}`, {
    hint: 'Use a whole number of at least 1.',
  });
}

async function matchAndWrite(
  making: Making,
  sizes: { baseBytes: number; targetBytes: number },
  layout: Layout,
  memory: WebAssembly.Memory,
): Promise<DeltaCounts> {
  const { paths, images, made } = making;
  const { signal, onProgress } = making.options;
  const matchesFd = made.matches.fd;
  const setup = {
    module: await loadWasm('match'),
    memory,
    layout,
    basePath: paths.base,
    targetPath: paths.target,
    ...sizes,
    matchesFd,
  };
  const fds = { base: images.base.fd, target: images.target.fd };
  const crew = makeCrew(setup, fds, async () => await breathe(making));
  const segments = await matchImages({
    crew,
    layout,
    memory,
    matchesFd,
    ...sizes,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  }).finally(async () => await crew.stop());
  return await emitDelta(
    segments,
    new MatchFile(matchesFd, memory),
    sizes.targetBytes,
    { target: images.target.fd, delta: made.delta.fd },
    async (doneBytes) => {
      onProgress?.({ phase: 'write', doneBytes });
      await breathe(making);
    },
  );
}

/** Lets the event loop run. @throws ReleasePlanError `interrupted` */
async function breathe({ paths, options }: Making): Promise<void> {
  if (options.signal?.aborted)
    throw new ReleasePlanError('interrupted', `interrupted while making the delta ${paths.delta}`);
  await setImmediate();
}

/** @throws ReleasePlanError `usage` when the delta would be written over one of the images */
async function refuseOverwriting(delta: string, images: Record<string, FileHandle>): Promise<void> {
  const there = await stat(delta).catch(() => undefined);
  if (there === undefined) return;
  for (const [path, handle] of Object.entries(images)) {
    const image = await handle.stat();
    if (image.dev === there.dev && image.ino === there.ino)
      throw new ReleasePlanError('usage', `the delta ${delta} is the same file as the image ${path}`, {
        hint: 'Write the delta to another path.',
      });
  }
}

async function openFile(path: string, flags: 'r' | 'w'): Promise<FileHandle> {
  try {
    return flags === 'r' ? await openImage(path) : await open(path, flags);
  } catch (cause) {
    const hint = errnoOf(cause) === 'ENOENT' && flags === 'r' ? 'Check the path.' : undefined;
    throw new ReleasePlanError('io-failed', `${path} cannot be opened: ${messageOf(cause)}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
