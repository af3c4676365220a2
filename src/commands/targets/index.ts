import type { RegisterCommand } from '../host.ts';
import { registerList } from './list.ts';
import { registerShow } from './show.ts';
import { registerStaticDeltas } from './static-deltas.ts';
import { registerTag } from './tag.ts';

/** `targets`: the registry of versions and tags, in fioctl's words. */
export const registerTargets: RegisterCommand = (program, run) => {
  const targets = program.command('targets').description('versions, tags, and the deltas that the fleet needs');
  registerList(targets, run);
  registerShow(targets, run);
  registerTag(targets, run);
  registerStaticDeltas(targets, run);
};
