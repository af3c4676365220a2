import { ReleasePlanError } from '../../core/errors.ts';
import type { EngineName } from '../../core/plan.ts';
import { suggestion } from '../../text/suggest.ts';
import type { DeltaEngine } from './engine.ts';
import { kasEngine } from './kas.ts';
import { rdiffEngine } from './rdiff.ts';

/** Engines that make `<partition>.delta` files; the first is the one for partitions that name none. */
export const engines: readonly [DeltaEngine, ...DeltaEngine[]] = [rdiffEngine, kasEngine];

/** @throws ReleasePlanError `engine-unsuited` */
export function engineNamed(name: EngineName): DeltaEngine {
  const found = engines.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new ReleasePlanError('engine-unsuited', `the engine ${name} makes no updates of the archive`, {
    hint: suggestion(
      name,
      engines.map((one) => one.name),
      'engines',
    ),
  });
}
