import { InvalidArgumentError, type Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { Registry, Target } from '../../fleet/registry.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { RUN_COMMANDS_FLAG } from '../run-commands.ts';
import { NO_TAIL_FLAG } from './no-tail.ts';
import { planOf } from './plan.ts';

interface Flags {
  plan?: string;
  byTag?: boolean;
  keepLast?: number;
  dryRun?: boolean;
  dryrun?: boolean;
  force?: boolean;
  runCommands?: boolean;
  json?: boolean;
}

/** `targets prune` */
export function registerPrune(targets: Command, run: Runner): void {
  targets
    .command('prune')
    .description('drop Targets from the registry; commits and deltas stay in the repository')
    .argument('<target...>', 'names of Targets, or tags with --by-tag')
    .option('--by-tag', 'take the arguments as tags, and drop the Targets that have exactly these')
    .option('--keep-last <n>', 'with --by-tag: keep the Targets of the newest N versions', countOf)
    .option('--dry-run', 'print the Targets without dropping them')
    .option('--dryrun', 'alias of --dry-run')
    .option('--force', 'drop Targets although devices or the plan need them, and list those')
    .option(...NO_TAIL_FLAG)
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Drop one Target': 'release-plan targets prune board-lmp-3',
        'Print all but the 10 newest versions of a tag':
          'release-plan targets prune --by-tag devel --keep-last 10 --dry-run',
      }),
    )
    .action(async (args: string[], flags: Flags) => {
      await run((context) => prune(args, flags, context));
    });
}

async function prune(args: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  if (flags.keepLast !== undefined && flags.byTag !== true)
    throw new ReleasePlanError('usage', '--keep-last requires --by-tag: what is named is dropped');
  const { deliveryOf } = await import('../../delivery/index.ts');
  const { readInputs, requireRegistry } = await import('../../delivery/inputs.ts');
  const { fleetView } = await import('../../delivery/fleet/view.ts');
  const { pruneBlockers } = await import('../../delivery/fleet/pruning.ts');
  const plan = await planOf(flags.plan, context);
  const delivery = deliveryOf(plan);
  if (delivery.versionsIn === 'plan')
    throw new ReleasePlanError('usage', 'the Targets of a SWUpdate product are its archived versions', {
      hint: '`release-plan gc` removes versions that nothing needs.',
    });
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
  const inputs = await readInputs(plan, { ...context, runsCommands: !isDryRun || flags.runCommands === true });
  requireRegistry(inputs);
  const view = await fleetView(inputs, delivery.format);
  const chosen = await chosenOf(view.registry, args, flags);
  const say = (): void => {
    if (chosen.length > 0 && flags.json !== true)
      context.out(`Deleting Targets:\n${chosen.map(({ name }) => ` ${name}\n`).join('')}`);
  };
  if (view.fleet === undefined && chosen.length > 0)
    context.report({
      type: 'note',
      message: view.isUnasked
        ? 'The fleet was not asked, so it is not checked which devices run these Targets; --run-commands asks it.'
        : 'The plan has no fleet, so it is not checked which devices run these Targets.',
    });
  // A dry run shows what it is about, also where it is refused.
  if (isDryRun) say();
  guard(pruneBlockers(view, chosen), flags.force === true, context);
  if (!isDryRun) say();
  if (!isDryRun && chosen.length > 0) await write(plan, new Set(chosen.map(({ name }) => name)), context);
  if (flags.json === true)
    context.out(prettyJson({ schema: 1, dryRun: isDryRun, pruned: chosen.map(({ name }) => name) }));
  else if (chosen.length === 0) context.out('Nothing to prune\n');
  else if (isDryRun) context.out('Dry run, exiting\n');
  return EXIT.ok;
}

async function chosenOf(registry: Registry, args: readonly string[], flags: Flags): Promise<Target[]> {
  const { chosenTargets } = await import('../../delivery/fleet/promotion.ts');
  const { targetsTagged, withoutLast } = await import('../../delivery/fleet/pruning.ts');
  const { compareReported } = await import('../../plan/version.ts');
  if (flags.byTag === true)
    return withoutLast(targetsTagged(registry.targets, args), flags.keepLast ?? 0, compareReported);
  const { found, missing } = chosenTargets(registry, args, []);
  if (missing.length === 0) return found;
  throw new ReleasePlanError('target-unknown', `Target(${missing.join(', ')}) not found in targets.json`, {
    hint: '`release-plan targets list --columns name` shows the names; tags need --by-tag.',
  });
}

function guard(blockers: readonly string[], isForced: boolean, context: CommandContext): void {
  if (blockers.length > 0 && !isForced) throw new ReleasePlanError('prune-blocked', blockers.join('; '));
  for (const blocker of blockers) context.report({ type: 'warning', message: `--force overrides: ${blocker}` });
}

async function write(plan: Plan, names: ReadonlySet<string>, context: CommandContext): Promise<void> {
  const { removeTarget } = await import('../../fleet/registry-edit.ts');
  const { updateRegistry } = await import('../../fleet/registry-file.ts');
  const { registryFile } = await import('../../delivery/inputs.ts');
  const { signOf } = await import('../../plan/secrets.ts');
  await updateRegistry(
    registryFile(plan),
    // Under the lock, since another run may have rewritten the file.
    (registry) => registry.targets.filter(({ name }) => names.has(name)).map(({ name }) => removeTarget(name)),
    { cwd: plan.dir, report: context.report, signal: context.signal, ...signOf(plan, context.env) },
  );
}

function countOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a whole number.');
}
