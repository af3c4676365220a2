import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes.ts';
import type { CommandContext, Runner } from '../host.ts';
import { prettyJson } from '../../text/json.ts';
import { waitOf } from '../wait.ts';
import { planOf } from './plan.ts';

interface Flags {
  plan?: string;
  byTag?: string;
  hwId?: string;
  dryRun?: boolean;
  dryrun?: boolean;
  allowDowngrade?: boolean;
  prune?: boolean;
  wait?: string;
  json?: boolean;
}

/** `targets static-deltas` */
export function registerStaticDeltas(targets: Command, run: Runner): void {
  targets
    .command('static-deltas')
    .description('make the deltas that devices need to reach a version')
    .argument('<to>', 'version to reach')
    .argument('[from...]', 'versions to start from')
    .option('--by-tag <tag>', 'start from what the devices on this tag run')
    .option('--hw-id <id>', 'only for this kind of hardware')
    .option('--dry-run', 'print the pairs, make nothing')
    .option('--dryrun', 'as --dry-run')
    .option('--allow-downgrade', 'also from newer to older')
    .option('--prune', 'delete the OSTree deltas that no rule and no tag requires any more')
    .option('--wait <minutes>', 'wait for another run to end')
    .option('--plan <plan>', 'plan file; else the nearest release-plan.yml or plan.yml')
    .option('--json', 'one JSON document on stdout')
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
  const needsFleet = flags.byTag !== undefined || flags.prune === true;
  const answered = await answerQuestion(plan, question, { needsFleet }, context.signal);
  context.diagnostics(answered.view.fleet?.bad.diagnostics ?? []);
  refuseImpossible(answered);
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
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
          ? 'Nothing to do: every delta that is required is there, proven.\n'
          : `${missing.length} of ${answered.answer.pairs.length} required deltas made and proven.\n`,
      );
  }
  if (flags.json === true) context.out(prettyJson(answerAsJson(answered, isDryRun)));
  else noteCoverage(answered, context.report);
  return EXIT.ok;
}
