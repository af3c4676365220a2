import { examples } from '../examples.ts';
import type { RegisterCommand } from '../host.ts';
import { registerMove } from './move.ts';
import { registerRestore } from './restore.ts';
import { registerVerifyStore } from './verify.ts';

/** `archive`: an archive and the store that it is at home in. */
export const registerArchive: RegisterCommand = (program, run) => {
  const archive = program
    .command('archive')
    .description("move an archive between its folder and the plan's object store, and verify that")
    .addHelpText(
      ...examples({
        'Bring a folder archive into the store': 'release-plan archive push plan.yml',
        'Fill the folder of a new host': 'release-plan archive pull plan.yml',
      }),
    );
  registerMove(archive, run);
  registerVerifyStore(archive, run);
  registerRestore(archive, run);
};
