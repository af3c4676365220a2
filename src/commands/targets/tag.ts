import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { CommandContext, Runner } from '../host.ts';
import { planOf } from './plan.ts';
import { prettyJson } from '../../text/json.ts';

interface Flags {
  plan?: string;
  tags: string;
  append?: boolean;
  byVersion?: boolean;
  dryRun?: boolean;
  dryrun?: boolean;
  force?: boolean;
  json?: boolean;
}

/** `targets tag` */
export function registerTag(targets: Command, run: Runner): void {
  targets
    .command('tag')
    .description('put tags on Targets, in place of those they have; devices follow their tag')
    .argument('<target...>', 'names of Targets, or versions with --by-version')
    .requiredOption('-T, --tags <tags>', 'comma,separate,list')
    .option('--append', 'keep the tags that a Target has')
    .option('--by-version', 'the arguments are versions: all Targets of each, whatever their hardware')
    .option('--dry-run', 'print the changes, make none')
    .option('--dryrun', 'as --dry-run')
    .option('--force', 'move tags although deltas are missing, and say which')
    .option('--plan <plan>', 'plan file; else the nearest release-plan.yml or plan.yml')
    .option('--json', 'one JSON document on stdout')
    .action(async (names: string[], flags: Flags) => {
      await run((context) => tag(names, flags, context));
    });
}

async function tag(names: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { changeTags, chosenTargets } = await import('../../delivery/fleet/promotion.ts');
  const { deliveryOf } = await import('../../delivery/index.ts');
  const { readInputs, requireRegistry } = await import('../../delivery/inputs.ts');
  const { fleetView } = await import('../../delivery/fleet/view.ts');
  const { promotionBlockers } = await import('../../delivery/fleet/guard.ts');
  const tags = tagsOf(flags.tags);
  const plan = await planOf(flags.plan, context);
  const delivery = deliveryOf(plan);
  const inputs = await readInputs(plan, context.signal);
  requireRegistry(inputs);
  const view = await fleetView(inputs, delivery.format);
  const { found, missing } =
    flags.byVersion === true ? chosenTargets(view.registry, [], names) : chosenTargets(view.registry, names, []);
  if (missing.length > 0) throw unknown(missing, flags.byVersion === true);
  const changes = changeTags(found, tags, flags.append === true);
  if (view.fleet === undefined)
    context.report({
      type: 'note',
      message: 'The plan names no fleet: nobody can say which deltas these tags require.',
    });
  context.diagnostics(view.fleet?.bad.diagnostics ?? []);
  const blockers = await promotionBlockers(view, changes, delivery.deltas, inputs, context.signal);
  await guard(blockers, flags.force === true, context);
  for (const { target, before, after } of changes) {
    if (flags.json !== true)
      context.out(`Changing tags of ${target.name} from [${before.join(' ')}] -> [${after.join(' ')}]\n`);
  }
  const isDryRun = flags.dryRun === true || flags.dryrun === true;
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
  else if (changes.length === 0) context.out('Nothing to do: the Targets have these tags already.\n');
  return EXIT.ok;
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
      ...(plan.targets?.sign === undefined ? {} : { sign: plan.targets.sign }),
    },
  );
}

function tagsOf(text: string): string[] {
  const tags = text.split(',').map((one) => one.trim());
  // fioctl takes an empty list as one empty tag, and devices lose their updates.
  if (tags.some((one) => one === '' || /\s/.test(one)))
    throw new ReleasePlanError('usage', `--tags ${JSON.stringify(text)} holds an empty tag or one with a space`, {
      hint: 'Give names, separated by commas: --tags master,promoted.',
    });
  return tags;
}

const unknown = (missing: readonly string[], byVersion: boolean): ReleasePlanError =>
  byVersion
    ? new ReleasePlanError('target-unknown', `no targets found matching the given versions: ${missing.join(', ')}`)
    : new ReleasePlanError('target-unknown', `Target(${missing.join(', ')}) not found in targets.json`, {
        hint: 'For a version, add --by-version; `release-plan targets list --columns name` shows the names.',
      });
