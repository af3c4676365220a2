import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { RUN_COMMANDS_FLAG } from '../run-commands.ts';
import { NO_TAIL_FLAG } from './no-tail.ts';
import { planOf } from './plan.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { printable } from '../../text/printable.ts';

interface Flags {
  plan?: string;
  tags: string;
  append?: boolean;
  byVersion?: boolean;
  dryRun?: boolean;
  dryrun?: boolean;
  force?: boolean;
  runCommands?: boolean;
  json?: boolean;
}

/** `targets tag` */
export function registerTag(targets: Command, run: Runner): void {
  targets
    .command('tag')
    .description('set the tags of Targets; devices update to the newest Target of their tag')
    .argument('<target...>', 'names of Targets, or versions with --by-version')
    .requiredOption('-T, --tags <tags>', 'tags to set, comma-separated')
    .option('--append', 'keep the existing tags of each Target')
    .option('--by-version', 'take the arguments as versions, and tag all Targets of each')
    .option('--dry-run', 'print the changes without making them')
    .option('--dryrun', 'alias of --dry-run')
    .option('--force', 'move tags although deltas are missing, and list those')
    .option(...NO_TAIL_FLAG)
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Promote a version': 'release-plan targets tag --tags promoted --by-version 0.2.0',
        'Add a tag to one Target': 'release-plan targets tag --append --tags canary board-lmp-9',
      }),
    )
    .action(async (names: string[], flags: Flags) => {
      await run((context) => tag(names, flags, context));
    });
}

async function tag(names: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { changeTags, chosenTargets, dirtyPromotions } = await import('../../delivery/fleet/promotion.ts');
  const { deliveryOf } = await import('../../delivery/index.ts');
  const { readInputs, requireRegistry } = await import('../../delivery/inputs.ts');
  const { fleetView } = await import('../../delivery/fleet/view.ts');
  const { promotionBlockers } = await import('../../delivery/fleet/guard.ts');
  const tags = tagsOf(flags.tags);
  const plan = await planOf(flags.plan, context);
  const delivery = deliveryOf(plan);
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
  const inputs = await readInputs(plan, { ...context, runsCommands: !isDryRun || flags.runCommands === true });
  requireRegistry(inputs);
  const view = await fleetView(inputs, delivery.format);
  const { found, missing } =
    flags.byVersion === true ? chosenTargets(view.registry, [], names) : chosenTargets(view.registry, names, []);
  if (missing.length > 0) throw unknown(missing, flags.byVersion === true);
  const changes = changeTags(found, tags, flags.append === true);
  const dirty = dirtyPromotions(changes);
  if (dirty.length > 0)
    throw new ReleasePlanError('promotion-dirty', `${dirty.join(', ')}: built with kas.allow_dirty, never promoted`);
  if (view.fleet === undefined)
    context.report({
      type: 'note',
      message: view.isUnasked
        ? 'The fleet was not asked, so it is not checked which deltas these tags require; --run-commands asks it.'
        : 'The plan has no fleet, so it is not checked which deltas these tags require.',
    });
  context.diagnostics(view.fleet?.bad.diagnostics ?? []);
  const { blockers, cautions } = await promotionBlockers(view, changes, delivery.deltas, inputs, context.signal);
  for (const message of cautions) context.report({ type: 'warning', message });
  // A dry run shows what it is about, also where it is refused; as fioctl's.
  if (isDryRun) print(changes, flags, context);
  await guard(blockers, flags.force === true, context);
  if (!isDryRun) print(changes, flags, context);
  if (!isDryRun)
    await write(
      plan,
      tags,
      found.map((target) => target.name),
      flags,
      context,
    );
  if (flags.json === true)
    context.out(
      prettyJson({
        schema: 1,
        dryRun: isDryRun,
        changes: changes.map(({ target, before, after }) => ({ target: target.name, before, after })),
      }),
    );
  else if (changes.length === 0) context.out('Nothing to do: the Targets already have these tags.\n');
  return EXIT.ok;
}

function print(
  changes: ReadonlyArray<import('../../delivery/fleet/promotion.ts').TagChange>,
  { json }: Flags,
  context: CommandContext,
): void {
  if (json === true) return;
  for (const { target, before, after } of changes)
    context.out(`${printable(`Changing tags of ${target.name} from [${before.join(' ')}] -> [${after.join(' ')}]`)}\n`);
}

async function guard(
  blockers: ReadonlyArray<import('../../delivery/fleet/promotion.ts').Blocker>,
  isForced: boolean,
  context: CommandContext,
): Promise<void> {
  const { blockerInWords, refuseBlocked } = await import('../../delivery/fleet/guard.ts');
  if (!isForced) refuseBlocked(blockers);
  for (const blocker of blockers)
    context.report({ type: 'warning', message: `--force overrides: ${blockerInWords(blocker)}` });
}

async function write(
  plan: Plan,
  tags: readonly string[],
  names: readonly string[],
  flags: Flags,
  context: CommandContext,
): Promise<void> {
  const { changeTags } = await import('../../delivery/fleet/promotion.ts');
  const { setTags } = await import('../../fleet/registry-edit.ts');
  const { updateRegistry } = await import('../../fleet/registry-file.ts');
  const { registryFile } = await import('../../delivery/inputs.ts');
  const { signOf } = await import('../../plan/secrets.ts');
  await updateRegistry(
    registryFile(plan),
    (registry) => {
      // Under the lock, since another run may have rewritten the file.
      const chosen = registry.targets.filter((target) => names.includes(target.name));
      return changeTags(chosen, tags, flags.append === true).map(({ target, after }) => setTags(target.name, after));
    },
    {
      cwd: plan.dir,
      report: context.report,
      signal: context.signal,
      ...signOf(plan, context.env),
    },
  );
}

function tagsOf(text: string): string[] {
  const tags = text.split(',').map((one) => one.trim());
  // fioctl takes an empty list as one empty tag, and devices lose their updates.
  if (tags.some((one) => one === '' || /\s/.test(one)))
    throw new ReleasePlanError('usage', `--tags ${JSON.stringify(text)} contains an empty tag or one with a space`, {
      hint: 'Separate names by commas: --tags master,promoted.',
    });
  if (new Set(tags).size < tags.length)
    throw new ReleasePlanError('usage', `Invalid list of tags. An item was repeated in [${tags.join(' ')}]`);
  return tags;
}

const unknown = (missing: readonly string[], byVersion: boolean): ReleasePlanError =>
  byVersion
    ? new ReleasePlanError('target-unknown', `no targets found matching the given versions: ${missing.join(', ')}`)
    : new ReleasePlanError('target-unknown', `Target(${missing.join(', ')}) not found in targets.json`, {
        hint: 'For a version, add --by-version; `release-plan targets list --columns name` shows the names.',
      });
