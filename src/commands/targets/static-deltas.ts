import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { WAIT_FLAG, waitOf } from '../wait.ts';
import { RUN_COMMANDS_FLAG } from '../run-commands.ts';
import { NO_TAIL_FLAG } from './no-tail.ts';
import { planOf } from './plan.ts';

interface Flags {
  plan?: string;
  byTag?: string;
  hwId?: string;
  dryRun?: boolean;
  dryrun?: boolean;
  allowDowngrade?: boolean;
  prune?: boolean;
  wait?: string | boolean;
  runCommands?: boolean;
  json?: boolean;
}

/** `targets static-deltas` */
export function registerStaticDeltas(targets: Command, run: Runner): void {
  targets
    .command('static-deltas')
    .description('make the deltas that devices require to reach a version')
    .argument('<to>', 'version to reach')
    .argument('[from...]', 'versions to start from')
    .option('--by-tag <tag>', 'start from the versions that devices on this tag run')
    .option('--hw-id <id>', 'only for this hardware ID')
    .option('--dry-run', 'print the deltas without making them')
    .option('--dryrun', 'alias of --dry-run')
    .option('--allow-downgrade', 'also make deltas from newer to older versions')
    .option('--prune', 'delete OSTree deltas that no rule and no tag requires any longer')
    .option(...NO_TAIL_FLAG)
    .option(...WAIT_FLAG)
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Make the deltas that the devices on a tag require':
          'release-plan targets static-deltas 0.2.0 --by-tag promoted',
        'Print them without making them': 'release-plan targets static-deltas 0.2.0 --by-tag promoted --dry-run',
        'Make one delta': 'release-plan targets static-deltas 0.2.0 0.1.0',
      }),
    )
    .action(async (to: string, from: string[], flags: Flags) => {
      await run((context) => staticDeltas(to, from, flags, context));
    });
}

async function staticDeltas(to: string, from: string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { answerAsJson, dryRunText, noteCoverage } = await import('./static-deltas-text.ts');
  const { answerQuestion, makeRequired, pruneUnrequired, refuseImpossible } =
    await import('../../jobs/static-deltas.ts');
  const plan = await planOf(flags.plan, context);
  const question = {
    to,
    from,
    allowDowngrade: flags.allowDowngrade === true,
    ...(flags.byTag === undefined ? {} : { tag: flags.byTag }),
    ...(flags.hwId === undefined ? {} : { hardwareId: flags.hwId }),
  };
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
  const needsFleet = flags.byTag !== undefined || flags.prune === true;
  const answered = await answerQuestion(
    plan,
    question,
    { needsFleet },
    { ...context, runsCommands: !isDryRun || flags.runCommands === true },
  );
  context.diagnostics(answered.view.fleet?.bad.diagnostics ?? []);
  for (const message of answered.cautions) context.report({ type: 'warning', message });
  refuseImpossible(answered);
  const missing = answered.answer.pairs.filter((_, at) => answered.problems[at] !== undefined);
  if (isDryRun) {
    if (flags.json !== true) context.out(dryRunText(missing, to, flags.hwId));
  } else {
    const waitMs = waitOf(flags.wait);
    await makeRequired(answered, context, waitMs);
    if (flags.prune === true) await pruneUnrequired(answered, context, waitMs);
    if (flags.json !== true)
      context.out(
        missing.length === 0
          ? 'Nothing to do: every required delta exists and is proven.\n'
          : `${missing.length} of ${answered.answer.pairs.length} required deltas made and proven.\n`,
      );
  }
  if (flags.json === true) context.out(prettyJson(answerAsJson(answered, isDryRun)));
  else noteCoverage(answered, context.report);
  return EXIT.ok;
}
