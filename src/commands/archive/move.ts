import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import type { MoveOptions, MoveResult } from '../../jobs/archive-store.ts';
import type { Plan } from '../../core/plan.ts';
import type { Host } from '../../delivery/host.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { examples, type Examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { WAIT_FLAG, waitOf } from '../wait.ts';

interface Flags {
  versions?: string[];
  wait?: string | boolean;
  json?: boolean;
}

type Direction = 'push' | 'pull';

/** `archive push` and `archive pull`, which differ in their direction alone. */
export const registerMove: RegisterCommand = (archive, run) => {
  const add = (direction: Direction, description: string, lines: Examples): void => {
    const command: Command = archive.command(direction).description(description);
    command
      .argument('<plan>', 'plan file')
      .option('--versions <version...>', 'only these versions and the updates to them')
      .option(...WAIT_FLAG)
      .option('--json', 'print one JSON document')
      .addHelpText(...examples(lines))
      .action(async (file: string, flags: Flags) => {
        await run((context) => move(direction, file, flags, context));
      });
  };
  add('push', 'bring versions and updates into the store; what is there already is not sent again', {
    'Bring everything into the store': 'release-plan archive push plan.yml',
    'Bring one version and the updates to it': 'release-plan archive push plan.yml --versions 0.3.0',
  });
  add('pull', 'bring versions and updates from the store into the folder; every byte is checked', {
    'Fill the folder, or make it whole again': 'release-plan archive pull plan.yml',
    'Bring two versions': 'release-plan archive pull plan.yml --versions 0.2.0 0.3.0',
  });
};

async function move(direction: Direction, file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../../plan/load.ts');
  const { pushArchive, pullArchive } = await import('../../jobs/archive-store.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const job: (plan: Plan, host: Host, options: MoveOptions) => Promise<MoveResult> =
    direction === 'push' ? pushArchive : pullArchive;
  const result = await job(plan, context, { waitMs: waitOf(flags.wait), versions: flags.versions });
  const { subjectDocument, subjectText } = await import('../../hosts/store/names.ts');
  const { moved, documents, store, bytes } = result;
  if (flags.json === true)
    context.out(
      prettyJson({
        schema: 1,
        direction,
        store,
        subjects: moved.map(({ subject, state, movedBytes }) => ({ ...subjectDocument(subject), state, movedBytes })),
        documents,
        bytes,
      }),
    );
  else {
    const { printable } = await import('../../text/printable.ts');
    const { formatRows } = await import('../../text/rows.ts');
    const { formatBytes } = await import('../../text/bytes.ts');
    const rows = moved
      .filter(({ state }) => state === 'moved')
      .map(({ subject, movedBytes }): [string, string] => [subjectText(subject), formatBytes(movedBytes)]);
    const present = moved.length - rows.length;
    context.out(`${printable(store)}: ${rows.length} moved, ${present} there already, ${formatBytes(bytes)}\n`);
    context.out(formatRows([...rows, ...documents.map((name): [string, string] => [name, 'brought up to date'])]));
  }
  return EXIT.ok;
}
