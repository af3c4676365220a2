import { examples } from '../examples.ts';
import type { RegisterCommand } from '../host.ts';
import { registerList } from './list.ts';
import { registerPrune } from './prune.ts';
import { registerShow } from './show.ts';
import { registerStaticDeltas } from './static-deltas.ts';
import { registerTag } from './tag.ts';

/** `targets`: the registry of versions and tags, in fioctl's words. */
export const registerTargets: RegisterCommand = (program, run) => {
  const targets = program
    .command('targets')
    .description('manage versions, tags and the deltas that the fleet requires, as fioctl does')
    .addHelpText(
      ...examples({
        'List the versions and their tags': 'release-plan targets list',
        'Make the deltas that a promotion requires': 'release-plan targets static-deltas 0.2.0 --by-tag promoted',
        'Promote the version': 'release-plan targets tag --tags promoted --by-version 0.2.0',
      }),
    );
  registerList(targets, run);
  registerShow(targets, run);
  registerTag(targets, run);
  registerStaticDeltas(targets, run);
  registerPrune(targets, run);
};
