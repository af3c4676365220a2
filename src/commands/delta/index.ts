import { examples } from '../examples.ts';
import type { RegisterCommand } from '../host.ts';
import { registerDeltaApply } from './apply.ts';
import { registerDeltaBlame } from './blame.ts';
import { registerDeltaCreate } from './create.ts';
import { registerDeltaInspect } from './inspect.ts';
import { registerDeltaSignature } from './signature.ts';

/** `delta`: the engine by itself, files in, files out. */
export const registerDelta: RegisterCommand = (program, run) => {
  const group = program
    .command('delta')
    .description('create, apply, inspect and explain librsync deltas and signatures')
    .addHelpText(
      ...examples({
        'Create a delta and prove it': 'release-plan delta create --prove old.img new.img update.delta',
        'Reconstruct the new image from it': 'release-plan delta apply old.img update.delta new.img',
      }),
    );
  for (const register of [
    registerDeltaSignature,
    registerDeltaCreate,
    registerDeltaApply,
    registerDeltaInspect,
    registerDeltaBlame,
  ])
    register(group, run);
};
