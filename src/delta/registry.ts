import type { DeltaEngine } from './engine.ts';
import { kasEngine } from './kas.ts';
import { rdiffEngine } from './rdiff.ts';

/** Engines that make `<partition>.delta` files. OSTree makes its deltas inside a repository: delta/ostree.ts. */
export const engines: Readonly<Record<'rdiff' | 'kas', DeltaEngine>> = {
  rdiff: rdiffEngine,
  kas: kasEngine,
};
