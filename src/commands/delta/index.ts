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
    .description("librsync's files by themselves: signature, create, apply, inspect, blame");
  for (const register of [
    registerDeltaSignature,
    registerDeltaCreate,
    registerDeltaApply,
    registerDeltaInspect,
    registerDeltaBlame,
  ])
    register(group, run);
};
