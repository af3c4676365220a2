import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { DeltaQuestion, RequiredDeltas } from '../../delivery/fleet/required.ts';
import type { FleetSituation } from '../../delivery/fleet/open.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { WAIT_FLAG, waitOf } from '../wait.ts';
import { planOf } from './plan.ts';
import { prettyJson } from '../../text/json.ts';

interface Flags {
  plan?: string;
  byTag?: string;
  hwId?: string;
  dryRun?: boolean;
  dryrun?: boolean;
  allowDowngrade?: boolean;
  prune?: boolean;
  wait?: string | boolean;
  json?: boolean;
}

/** The question with everything that was found out about it. */
export interface Answered {
  situation: FleetSituation;
  answer: RequiredDeltas;
  /** What keeps devices from using each pair's delta, in their order. */
  problems: Array<string | undefined>;
  /** Deltas in an OSTree repository that no rule and no tag requires; undefined when the fleet is not known. */
  unrequired?: Array<{ from: string; to: string }>;
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
    .option(...WAIT_FLAG)
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
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
  const plan = await planOf(flags.plan, context);
  const answered = await answer(plan, to, from, flags, context);
  context.diagnostics(answered.situation.fleet?.bad.diagnostics ?? []);
  refuseImpossible(answered.answer);
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
  const missing = answered.answer.pairs.filter((_, at) => answered.problems[at] !== undefined);
  if (isDryRun) {
    if (flags.json !== true) context.out(dryRunText(missing, to, flags.hwId));
  } else {
    await make(answered, flags, context);
    await prune(answered, flags, context);
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

async function answer(
  plan: FleetSituation['plan'],
  to: string,
  from: string[],
  flags: Flags,
  context: CommandContext,
): Promise<Answered> {
  const { openFleet, requireFleet } = await import('../../delivery/fleet/open.ts');
  const { basisFacts } = await import('../../delivery/fleet/facts.ts');
  const { problemsOf } = await import('../../delivery/fleet/guard.ts');
  const { retainedPairs } = await import('../../delivery/fleet/rules.ts');
  const { unrequiredOf } = await import('../../delivery/ostree/deltas.ts');
  const { requiredDeltas } = await import('../../delivery/fleet/required.ts');
  const situation = await openFleet(plan, context.signal);
  if (flags.byTag !== undefined || flags.prune === true) requireFleet(situation);
  const question: DeltaQuestion = {
    format: situation.format,
    to,
    from,
    allowDowngrade: flags.allowDowngrade === true,
    ...(flags.byTag === undefined ? {} : { tag: flags.byTag }),
    ...(flags.hwId === undefined ? {} : { hardwareId: flags.hwId }),
  };
  const facts = await basisFacts(situation, context.signal);
  const found = requiredDeltas(situation.registry, situation.fleet, question, facts);
  const problems = await problemsOf(plan, found.pairs, context.signal);
  if (plan.ostree === undefined || situation.fleet === undefined) return { situation, answer: found, problems };
  const unrequired = await unrequiredOf(plan, [...found.pairs, ...retainedPairs(situation, facts)], context.signal);
  return { situation, answer: found, problems, unrequired };
}

function refuseImpossible({ pairs, impossible }: RequiredDeltas): void {
  const [first] = impossible;
  if (first !== undefined)
    throw new ReleasePlanError(
      first.from.commit === undefined ? 'archive-missing' : 'ostree-commit-missing',
      impossible.map((one) => `${one.from.versions[0] ?? ''} -> ${one.to.versions[0] ?? ''}: ${one.detail}`).join('; '),
    );
  // fioctl's words.
  if (pairs.length === 0) throw new ReleasePlanError('nothing-required', 'No Targets found to generate deltas for.');
}

/** Makes what is missing; a SWUpdate product does it as `apply` would. */
async function make({ situation: { plan }, answer }: Answered, flags: Flags, context: CommandContext): Promise<void> {
  const waitMs = waitOf(flags.wait);
  if (plan.ostree !== undefined) {
    const { makeOstreeDeltas } = await import('../../delivery/ostree/deltas.ts');
    const progress = (message: string): void => context.report({ type: 'note', message });
    await makeOstreeDeltas(plan, answer.pairs, { report: context.report, progress, signal: context.signal, waitMs });
    return;
  }
  const { makeSwupdateDeltas, swupdateProblems } = await import('../../delivery/swupdate/problems.ts');
  const result = await makeSwupdateDeltas(plan, answer.pairs, context, waitMs);
  const failed = result.results.find((one) => one.error !== undefined)?.error;
  if (failed !== undefined) throw failed;
  const open = await swupdateProblems(plan, answer.pairs, context.signal);
  const problem = open.find((one) => one !== undefined);
  if (problem !== undefined) throw new ReleasePlanError('pair-inconsistent', `a delta to ${answer.to} ${problem}`);
}

async function prune({ situation, unrequired = [] }: Answered, flags: Flags, context: CommandContext): Promise<void> {
  const { plan, fleet } = situation;
  if (flags.prune !== true || plan.ostree === undefined || unrequired.length === 0) return;
  // A row that cannot be read may be the one device that still needs the delta.
  if (fleet !== undefined && fleet.bad.count > 0)
    throw new ReleasePlanError(
      'fleet-unreadable',
      `${fleet.bad.count} rows of ${fleet.source} cannot be read, so the required deltas are not known`,
      { hint: 'Fix the rows, then prune.' },
    );
  const { pruneOstreeDeltas } = await import('../../delivery/ostree/deltas.ts');
  await pruneOstreeDeltas(plan, unrequired, {
    report: context.report,
    progress: () => undefined,
    signal: context.signal,
    waitMs: waitOf(flags.wait),
  });
}
