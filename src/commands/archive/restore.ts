import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { WAIT_FLAG, waitOf } from '../wait.ts';

interface Flags {
  versions?: string[];
  wait?: string | boolean;
  json?: boolean;
}

export const registerRestore: RegisterCommand = (archive, run) => {
  archive
    .command('restore')
    .description('bring versions back from the trash of the store, with what gc removed of them')
    .argument('<plan>', 'plan file')
    .option('--versions <version...>', 'these versions, and the updates to them')
    .option(...WAIT_FLAG)
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Restore a version that gc removed': 'release-plan archive restore plan.yml --versions 0.1.0',
        'Restore two versions': 'release-plan archive restore plan.yml --versions 0.1.0 0.2.0',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => restore(file, flags, context));
    });
};

async function restore(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { versions } = flags;
  if (versions === undefined)
    throw new ReleasePlanError('usage', 'archive restore needs --versions', {
      hint: '`release-plan gc --yes` prints what it moves to the trash.',
    });
  const { requirePlan } = await import('../../plan/load.ts');
  const { restoreArchive } = await import('../../jobs/archive-store.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const { store, restored } = await restoreArchive(plan, context, { waitMs: waitOf(flags.wait), versions });
  if (flags.json === true) context.out(prettyJson({ schema: 1, store, restored }));
  else {
    const { printable } = await import('../../text/printable.ts');
    context.out(`${printable(`${store}: restored ${restored.join(', ')}`)}\n`);
  }
  return EXIT.ok;
}
