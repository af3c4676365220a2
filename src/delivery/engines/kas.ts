import { createWriteStream } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UPDATES, deltaName, swuName } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { gzipFile, readDelta } from '../../rdiff/index.ts';
import type { DeltaEngine } from './engine.ts';
import { rdiffEngine } from './rdiff.ts';
import { ifPresent } from '../../io/present.ts';

/**
 * The product's own delta recipe: `VERSION_FROM=a VERSION_TO=b kas build
 * <delta_config>`. What it leaves is taken by the names of the archive layout.
 */
export const kasEngine: DeltaEngine = {
  // SWUpdate's handler is one for librsync's format, whoever makes the delta.
  ...rdiffEngine,
  name: 'kas',
  version: 1,
  builds: true,
  memoryBytes: () => 0,
  tools: () => ({}),
  async create({ from, to, inputs, outDir, signal, progress }, host) {
    progress(`kas builds ${from} -> ${to}`);
    const deployed = await host.buildDelta(from, to);
    // A build that stores its own artifacts leaves them in the archive's layout.
    const own = join(deployed, UPDATES, `from_${from}`);
    const results = (await isFolder(own)) ? own : deployed;
    const options = signal === undefined ? {} : { signal };
    for (const { partition } of inputs) {
      const delta = join(outDir, deltaName(partition));
      await takeDelta(join(results, deltaName(partition)), delta, options);
      await gzipFile(delta, `${delta}.gz`, options);
    }
    const swu = join(results, swuName(from, to));
    return { tools: {}, ...((await exists(swu)) ? { swu } : {}) };
  },
};

/** The bare delta, or the gzipped one where a recipe leaves only that. */
async function takeDelta(found: string, delta: string, options: { signal?: AbortSignal }): Promise<void> {
  if (await exists(found)) return await copyFile(found, delta);
  if (await exists(`${found}.gz`))
    return await pipeline(readDelta(`${found}.gz`, options.signal), createWriteStream(delta, { flags: 'wx' }));
  throw new ReleasePlanError('artifact-missing', `the delta build produced neither ${found} nor ${found}.gz`, {
    hint: 'Compare kas.delta_config and kas.deploy with what the recipe deploys.',
  });
}

const exists = async (path: string): Promise<boolean> => (await ifPresent(stat(path)))?.isFile() ?? false;

const isFolder = async (path: string): Promise<boolean> => (await ifPresent(stat(path)))?.isDirectory() ?? false;
