import type { EngineName } from '../../core/plan.ts';
import type { DeltaEngine } from './engine.ts';
import { kasEngine } from './kas.ts';
import { rdiffEngine } from './rdiff.ts';

/** Engines that make `<partition>.delta` files. OSTree makes its deltas inside a repository: delta/ostree.ts. */
export const engines: Readonly<Record<'rdiff' | 'kas', DeltaEngine>> = {
  rdiff: rdiffEngine,
  kas: kasEngine,
};

/**
 * The version of each engine; an update in the archive that names a lower one is made again. OSTree keeps its own
 * records.
 */
export const ENGINE_VERSIONS: Readonly<Record<EngineName, number>> = {
  rdiff: rdiffEngine.version,
  kas: kasEngine.version,
  ostree: 0,
};
