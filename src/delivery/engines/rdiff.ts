import { join } from 'node:path';
import { deltaName } from '../../archive/layout.ts';
import { packageVersion } from '../../io/package.ts';
import { applyDelta, createDelta, gzipFile, proveDelta } from '../../rdiff/index.ts';
import { formatBytes } from '../../text/bytes.ts';
import type { DeltaEngine } from './engine.ts';
import { proveWithLibrsync } from './librsync.ts';

/** The engine of src/rdiff/: rdiff's format, matched byte by byte against the whole base. */
export const rdiffEngine: DeltaEngine = {
  name: 'rdiff',
  version: 1,
  algorithm: 'rdiff',
  builds: false,
  format: { handlers: { block: 'rdiff_image', file: 'rdiff_file' }, suffix: '.delta' },
  async create({ inputs, outDir, signal, progress }) {
    const options = signal === undefined ? {} : { signal };
    for (const { partition, base, target } of inputs) {
      const delta = join(outDir, deltaName(partition));
      progress(`${partition}: delta of ${formatBytes(base.sizeBytes)} and ${formatBytes(target.sizeBytes)}`);
      await createDelta(base.path, target.path, delta, options);
      progress(`${partition}: compress`);
      await gzipFile(delta, `${delta}.gz`, options);
    }
    return { tools: { 'release-plan rdiff': packageVersion() } };
  },
  diff: async (base, target, out, options) => void (await createDelta(base, target, out, options)),
  apply: async (base, delta, out, options) => void (await applyDelta(base, delta, out, options)),
  prove: proveDelta,
  proveOnDevice: proveWithLibrsync,
};
